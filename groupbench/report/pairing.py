"""How rows are paired: what counts as independent, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from groupbench.report import statistics
from groupbench.report.entity_scores import EntityScores
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray

Kind = Literal["clusters", "links", "seeds", "none"]

_NAMES = {
    "bootstrap": "cluster bootstrap",
    "permutation": "sign-flip permutation test",
    "t": "t-test",
    "wilcoxon": "Wilcoxon's signed-rank test",
}
_ONLY = {
    "links": "t-test with the variance of linked groups",
    "seeds": "t-test corrected for shared training rows",
}
"""The tests for what is not paired by cluster."""


@dataclass(frozen=True)
class Pairing:
    """How the rows of a section are paired.

    The first of these that leaves `statistics.FEWEST` independent units: *clusters* of entities that share
    users, directly or through others, over all seeds; *links* between groups that share a user directly, in a
    t-test only; *seeds*, where groups formed anew in each seed tie everything together, with the corrected
    t-test only; else `none`.

    Attributes:
        kind: what is paired.
        scores: the values to pair.
        dependence: who depends on whom, for clusters and links.
        held_out: held-out rows for each training row, for seeds.
        reason: the unit of pairing, and why it is that.
    """

    kind: Kind
    scores: EntityScores
    dependence: statistics.Dependence | None
    held_out: float
    reason: str

    def test(self, requested: str) -> str:
        """The test that is made when `requested` was asked for."""
        return "t" if self.kind in _ONLY else requested

    def has_values(self, *rows: tuple[str, str], metric: int) -> bool:
        """Whether all of these rows have values per entity of the metric at that index."""
        return not any(np.isnan(self.scores.values[row][:, metric]).all() for row in rows)

    def compare(
        self,
        differences: FloatArray,
        *,
        tests: Sequence[str],
        level: float,
        replicates: int,
        rng: np.random.Generator,
    ) -> statistics.PairedComparison | None:
        """Test the columns of `differences`, (n_lists, n_columns), as of `statistics.compare`.

        None where nothing is independent.
        """
        paired = statistics.Paired(differences, self.scores.seeds, self.scores.entities)
        if self.kind == "none":
            return None
        if self.dependence is None:
            return statistics.compare_seeds(paired, self.held_out, level=level)
        return statistics.compare(
            paired, self.dependence, rng=rng, tests=tests, level=level, replicates=replicates
        )


def test_name(kind: Kind, test: str) -> str:
    """What a test is called where entities are paired like that."""
    return _ONLY.get(kind, _NAMES[test])


def pair(scores: EntityScores, records: Sequence[RunRecord]) -> Pairing:
    """Find out what is independent among what was evaluated.

    Args:
        scores: the values.
        records: the records they come from.
    """
    count = len(scores.members)
    everything = statistics.Paired(np.zeros((len(scores.seeds), 1)), scores.seeds, scores.entities)
    weights = everything.by_entity(everything.weights)
    clusters = statistics.clusters(scores.members, scores.users)
    in_clusters = float(clusters.effective(weights)[0])
    if in_clusters >= statistics.FEWEST:
        return Pairing("clusters", scores, clusters, np.nan, _clustered(scores, clusters))
    links = statistics.links(scores.members, scores.users)
    in_links = float(links.effective(weights)[0])
    if in_links >= statistics.FEWEST:
        words = (
            f"paired by group, groups that share a user being dependent: {count} groups weigh like "
            f"{in_links:.0f} independent ones (as clusters, tied through others, like {in_clusters:.1f})"
        )
        return Pairing("links", scores, links, np.nan, words)
    few = f"{count} {scores.entity}s" + (" that share users" if clusters.n_clusters < count else "")
    few += f" weigh like only {max(in_clusters, in_links):.1f} independent ones"
    held_out, trouble = _held_out(scores, records)
    if trouble:
        return Pairing("none", scores, None, np.nan, f"{few}, and {trouble}")
    words = f"paired by seed ({scores.n_seeds} seeds): {few}"
    return Pairing("seeds", scores, None, held_out, words)


def _clustered(scores: EntityScores, clusters: statistics.Clusters) -> str:
    count = len(scores.members)
    if clusters.n_clusters == count:
        shared = f"none of the {count} groups shares users" if scores.entity == "group" else f"{count} users"
        words = f"paired by {scores.entity} ({shared})"
    else:
        words = (
            f"paired by cluster of groups that share users ({count} groups in {clusters.n_clusters} clusters)"
        )
    return words if scores.n_seeds == 1 else f"{words} over {scores.n_seeds} seeds"


def _held_out(scores: EntityScores, records: Sequence[RunRecord]) -> tuple[float, str]:
    """Held-out rows for each training row, or why seeds cannot be paired."""
    options: dict[str, Any] = next((r.config["protocol"] for r in records if r.config.get("protocol")), {})
    split, folds = options.get("split"), options.get("folds")
    if scores.n_seeds < 2:
        return np.nan, "there is only 1 seed for all of them; run more, such as --seeds 5"
    if split == "ratio":
        return 1 / options["ratio"] - 1, ""
    if folds and split in (None, "kfold"):
        return 1 / (folds - 1), ""
    if split == "leave-one-out":
        return np.nan, "what one row of each user is of all rows is not recorded"
    return np.nan, "every seed holds out the same rows, so that seeds are no repetitions"
