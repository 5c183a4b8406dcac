"""Deep models that propagate what groups, members and items hold over graphs."""

from __future__ import annotations

from groupbench.core.registry import method
from groupbench.models.deep import AlignGroup, ConsRec, CubeRec, Hhgr

method("hhgr")(Hhgr)
method("cuberec")(CubeRec)
method("consrec")(ConsRec)
method("aligngroup")(AlignGroup)
