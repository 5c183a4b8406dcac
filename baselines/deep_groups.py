"""Deep models that learn from the rows of groups and of their members."""

from __future__ import annotations

from groupbench.core.registry import method
from groupbench.models.deep.agree import Agree
from groupbench.models.deep.groupim import GroupIm
from groupbench.models.deep.hypergroup import HyperGroup

method("ncf-group", attention="mean")(Agree)
method("agree")(Agree)
method("groupim")(GroupIm)
method("hypergroup")(HyperGroup)
