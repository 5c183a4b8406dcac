"""The files that new aggregators, metrics, data sets and views start from."""

from __future__ import annotations

from groupbench.testing._template import filled

_AGGREGATOR = '''"""NAME: say what it does and which paper it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from groupbench import Aggregator, MemberScores, aggregator
from groupbench.core.arrays import FloatArray


@aggregator("NAME")
@dataclass(frozen=True)
class CLASS(Aggregator):
    """Mean of the members' scores and the lowest of them: replace this by your rule."""

    weight: float = 0.5
    """Weight of the lowest score."""

    keeps_scale = True

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), finite where `members.valid`; higher is better."""
        lowest = members.segments.reduce("min", members.scores)
        return (1 - self.weight) * members.mean + self.weight * lowest
'''

_METRIC = '''"""NAME: say what it measures and which paper it comes from."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.metrics import METRICS, Family, Ranking


def compute(ranking: Ranking, k: int) -> FloatArray:
    """The value of every list, (n_lists,): `relevance[p]` already averages over equal scores."""
    weights = 1.0 / np.arange(1, k + 1)
    return np.asarray(weights @ ranking.relevance[:k] / weights.sum())


METRICS.register(
    Family(
        name="NAME",
        title="CLASS",
        formula="sum over relevant positions p <= K of 1 / p, divided by the sum over all p <= K of 1 / p",
        source="who defined it, and where",
        undefined="always defined; 0 where a list has no relevant candidate",
        compute=compute,
    )
)
'''

_DATASET = '''"""NAME: say where the data comes from and what its ratings are."""

from __future__ import annotations

import numpy as np

from groupbench import Dataset, Groups, Ratings, dataset
from groupbench.data.loading import Source


@dataset("NAME")
def load(source: Source) -> Dataset:
    """NAME: made-up ratings; replace them by what `source.table("ratings.csv")` reads."""
    rng = np.random.default_rng(0)
    n_users, n_items = 40, 30
    pairs = rng.choice(n_users * n_items, 600, replace=False)
    values = rng.integers(1, 6, len(pairs)).astype(np.float64)
    return Dataset(
        name=source.card.name,
        title="CLASS (made up)",
        ratings=Ratings(pairs // n_items, pairs % n_items, values, n_users, n_items),
        user_ids=tuple(f"user-{number}" for number in range(n_users)),
        item_ids=tuple(f"item-{number}" for number in range(n_items)),
        scale=(1.0, 5.0),
        groups=Groups.from_labels(np.arange(n_users) // 4),
        simulated=True,
    )
'''

_VIEW = '''"""NAME: say who ranks what, and against what truth."""

from __future__ import annotations

from groupbench.evaluation.task import Task
from groupbench.evaluation.views import VIEWS, Lists, RowLists, View


def build(task: Task, tau: float) -> Lists:
    """A list for each user of what it rated in the held-out rows: owners, items and truths, by owner."""
    rows = task.held_out.unique()
    return RowLists.gather(rows.users, rows.items, rows.values)


VIEWS.register(
    View(
        name="NAME",
        definition="users rank the items they rated in the held-out rows; truth is that rating",
        entity="user",
        tau=3.5,
        build=build,
        rated_only=True,
    )
)
'''

PARTS = {"aggregator": _AGGREGATOR, "metric": _METRIC, "dataset": _DATASET, "view": _VIEW}
"""By kind the template."""


def part_template(kind: str, name: str) -> str:
    """The text of a working file that registers an aggregator, metric, data set or view by that name.

    Raises:
        ConfigError: if the name is not made of lower-case letters, digits and single dashes.
    """
    return filled(PARTS[kind], name, kind)
