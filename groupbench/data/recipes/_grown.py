"""What recipes share that grow random groups of given sizes, member by member, around common items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from groupbench.core.arrays import distinct
from groupbench.core.options import Flag, split_names
from groupbench.data.formation import Proposals, fill
from groupbench.data.recipes._base import Formed, GroupRecipe
from groupbench.data.recipes._growth import common_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from groupbench.data.dataset import Ratings
    from groupbench.data.recipes._growth import Growth
    from groupbench.data.recipes._log import Log

TRIES = 500
"""Groups proposed for each group that is wanted, at most."""

Sizes = Annotated[
    list[Annotated[int, Field(ge=2, le=1000)]], BeforeValidator(split_names), Field(min_length=1)
]
"""Members of groups."""


class GrownGroups(GroupRecipe):
    """A recipe that grows groups; what each has in common are its joint rows."""

    sizes: Annotated[Sizes, Flag("Groups", names=True)] = Field([2, 3, 4, 8])
    """Sizes of groups, of which there are as many each."""
    n_groups: Annotated[int, Field(ge=1), Flag("Groups")] = 100
    """Groups of all sizes together."""
    split: Annotated[Literal["groups", "rows", "none"], Flag("Split")] = "rows"
    """What of groups is held out: whole groups, rows, or nothing."""

    def _formed(
        self, log: Log, rows: Ratings, matrix: csr_array, growth: Growth, *, kind: str, remedy: str
    ) -> Formed:
        """Groups as `growth` gives them; `kind` and `remedy` are for the error where these are too few."""
        proposals = Proposals(growth, remedy, growth.at_once)
        groups = fill(proposals, kind=kind, sizes=self.sizes, n_groups=self.n_groups, tries=TRIES)
        joint = common_rows(groups, rows, matrix)
        return Formed(log, groups, joint, distinct(joint.items))
