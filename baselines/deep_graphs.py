"""Deep models that propagate what groups, members and items hold over graphs."""

from __future__ import annotations

from groupbench.deep import AlignGroup, ConsRec, CubeRec, Hhgr
from groupbench.registry import method

method("hhgr")(Hhgr)
method("cuberec")(CubeRec)
method("consrec")(ConsRec)
method("aligngroup")(AlignGroup)
