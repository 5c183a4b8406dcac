"""Random groups with the items that all members rated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from groupbench.core.errors import ConfigError
from groupbench.core.options import Flag
from groupbench.core.seeding import generator
from groupbench.data.recipes._base import Formed
from groupbench.data.recipes._grown import GrownGroups
from groupbench.data.recipes._growth import Growth, presence
from groupbench.data.recipes._log import Tally, own_rows, read_log

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Ratings


class AllRated(GrownGroups):
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

    min_items: Annotated[int, Field(ge=1), Flag("Groups")] = 20
    """Items of a group, at least."""

    def form(self, tally: Tally) -> Formed:
        """Random groups with their common items."""
        log = read_log(tally, self.log, rated=True)
        rows = own_rows(log, tally)
        matrix = presence(rows, self._counted(rows))
        everybody = np.ones(rows.n_users, dtype=np.bool_)
        growth = Growth(matrix, self.min_items, generator("recipe", self.name, self.seed), everybody)
        return self._formed(log, rows, matrix, growth, kind=self.name, remedy="lower --min-items, or")

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
