"""Random groups with the items that all members rated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from groupbench.core.arrays import distinct
from groupbench.core.errors import ConfigError
from groupbench.core.options import Flag, split_names
from groupbench.core.seeding import generator
from groupbench.data.formation import Proposals, fill
from groupbench.data.recipes._base import Formed, GroupRecipe
from groupbench.data.recipes._growth import Growth, common_rows, presence
from groupbench.data.recipes._log import Tally, own_rows, read_log

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Ratings

TRIES = 500
"""Groups proposed for each group that is wanted, at most."""

Sizes = Annotated[
    list[Annotated[int, Field(ge=2, le=1000)]], BeforeValidator(split_names), Field(min_length=1)
]
"""Members of groups."""


class AllRated(GroupRecipe):
    """Random groups who all rated enough of the same items; those are the group's, with mean ratings.

    A first member is drawn at random, and further ones among those with whom enough common items are left.
    Items that not all members rated are not the group's, whatever is left: public "MovieLens groups" start
    the intersection anew where it becomes empty. Negatives of groups are items that some group rated.
    """

    name: ClassVar[str] = "all-rated"
    source: ClassVar[str] = "random groups over a rating log, joint items rated by all members"
    implies: ClassVar[str] = (
        "groups never met; their items are those that all members rated, so all held-out items are in the "
        "members' own rows unless those are hidden"
    )

    sizes: Annotated[Sizes, Flag("Groups", names=True)] = Field([2, 3, 4, 8])
    """Sizes of groups, of which there are as many each."""
    n_groups: Annotated[int, Field(ge=1), Flag("Groups")] = 100
    """Groups of all sizes together."""
    min_items: Annotated[int, Field(ge=1), Flag("Groups")] = 20
    """Items of a group, at least."""
    split: Annotated[Literal["groups", "rows", "none"], Flag("Split")] = "rows"
    """What of groups is held out: whole groups, rows, or nothing."""

    def form(self, tally: Tally) -> Formed:
        """Random groups with their common items."""
        log = read_log(tally, self.log, rated=True)
        rows = own_rows(log, tally)
        matrix = presence(rows, self._counted(rows))
        everybody = np.ones(rows.n_users, dtype=np.bool_)
        growth = Growth(matrix, self.min_items, generator("recipe", self.name, self.seed), everybody)
        remedy = "lower --min-items, or"
        proposals = Proposals(growth, remedy, growth.at_once)
        groups = fill(proposals, kind=self.name, sizes=self.sizes, n_groups=self.n_groups, tries=TRIES)
        joint = common_rows(groups, rows, matrix)
        return Formed(log, groups, joint, distinct(joint.items))

    def _counted(self, rows: Ratings) -> BoolArray | None:
        """Which rows can be a group's, (n_rows,); None for all."""
        return None


class AllRatedLiked(AllRated):
    """As all-rated, with the items alone that all members rated with at least tau."""

    name: ClassVar[str] = "all-rated-liked"
    source: ClassVar[str] = (
        "random groups over a rating log, joint items rated by all members with at least tau"
    )
    implies: ClassVar[str] = (
        "groups never met; their items are those that all members liked, so all held-out items are in the "
        "members' own rows, with high ratings, unless those are hidden"
    )

    tau: Annotated[float, Field(allow_inf_nan=False), Flag("Groups")] = 4.0
    """Ratings from here on count as liked."""

    def _counted(self, rows: Ratings) -> BoolArray:
        liked = rows.values >= self.tau
        if not liked.any():
            raise ConfigError(f"no rating is {self.tau:g} or more; lower --tau")
        return np.asarray(liked)
