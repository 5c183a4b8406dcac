"""Deep models that propagate what groups, members and items hold over graphs."""

from __future__ import annotations

from groupbench.core.registry import method
from groupbench.models.deep.aligngroup import AlignGroup
from groupbench.models.deep.consrec import ConsRec
from groupbench.models.deep.cuberec import CubeRec
from groupbench.models.deep.hhgr import Hhgr

method("hhgr")(Hhgr)
method("cuberec")(CubeRec)
method("consrec")(ConsRec)
method("aligngroup")(AlignGroup)
