"""Deep models that learn from the rows of groups and of their members."""

from __future__ import annotations

from groupbench.core.registry import method
from groupbench.models.deep import Agree, GroupIm, HyperGroup

method("ncf-group", attention="mean")(Agree)
method("agree")(Agree)
method("groupim")(GroupIm)
method("hypergroup")(HyperGroup)
