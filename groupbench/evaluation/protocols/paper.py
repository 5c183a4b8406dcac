"""The protocol of the DMTL paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator, integer
from groupbench.evaluation.protocols._base import PROTOCOLS, natural_groups, training_data
from groupbench.evaluation.protocols._rows import RowSplit
from groupbench.evaluation.task import Task

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.data.groups import Groups


@PROTOCOLS.register
class Paper(RowSplit):
    """KMeans groups and members' held-out ratings, after arXiv 2504.06274; what it leaves open is named."""

    views: ClassVar[tuple[str, ...]] = ("rated-group", "rated-user", "rated-rows", "surprise-faq")

    name: Literal["paper"] = "paper"
    groups: Literal["kmeans", "natural"] = "kmeans"
    """Clusters of users by their training rows, or the groups that the data set observed."""
    n_groups: int = Field(20, ge=1)
    """Number of KMeans clusters."""
    group_features: Literal["means", "shares"] = "means"
    """What KMeans sees: rating statistics and means per category, or category shares with demographics."""
    group_scaling: Literal["standard", "none"] = "standard"
    """Whether KMeans' features are standardized."""

    def require(self, dataset: Dataset) -> None:
        """Refuse to form more groups than there are users with ratings."""
        users = int(np.count_nonzero(np.bincount(dataset.ratings.users)))
        if self.groups == "kmeans" and self.n_groups > users:
            raise ConfigError(
                f"n_groups={self.n_groups}, but {dataset.name} has {users} users with ratings; "
                "ask for fewer groups"
            )
        super().require(dataset)

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Split the rows, and cluster the users by what is left for training."""
        rows, held_out = self.hold_out(dataset, seed)
        natural = self.groups == "natural"
        groups = natural_groups(dataset) if natural else self._kmeans(dataset, rows, seed)
        tau = self.threshold(dataset.scale)
        return Task(training_data(dataset, rows, groups, tau=tau, question=self.question), held_out)

    def _kmeans(self, dataset: Dataset, rows: Ratings, seed: int) -> Groups:
        from groupbench.data.formation import kmeans

        return kmeans(
            rows,
            dataset.categories,
            dataset.user_features,
            n_groups=self.n_groups,
            features=self.group_features,
            scaling=self.group_scaling,
            random_state=integer(generator(dataset.seed_label, "groups", seed)),
        )
