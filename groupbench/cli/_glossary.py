"""Words of tables and listings that are no registered names, each with what it means."""

from __future__ import annotations

from collections.abc import Mapping

FORMATION: Mapping[str, str] = {
    "random": "Groups drawn evenly from all groups of users with training rows (--groups random, protocol "
    "coupled). As a method, `random` scores every candidate the same.",
    "similar": "Groups that grow from a random user by users with a Pearson correlation of at least "
    "similar_from (0.3) to any member (relate=any) or to all; they share min_corated (5) items "
    "or more (Kaya et al., RecSys 2020; --groups similar, protocol coupled).",
    "divergent": "As similar, with a correlation of at most divergent_to (0.1) (--groups divergent).",
    "one-divergent": "Similar users and one who is divergent from all: the minority of Barile et al., "
    "UMUAI 2023 (--groups one-divergent).",
    "coalitional": "Two subgroups of similar users, each divergent from all of the other: the coalition of "
    "Barile et al., UMUAI 2023 (--groups coalitional).",
    "same-item": "An item is drawn, then some of those who rated it in training (--groups same-item).",
    "kmeans": "Clusters of users by their training rows: means of ratings, per category where there are any, "
    "or category shares with group_features=shares (--groups kmeans, protocol paper).",
    "natural": "Groups that were observed and came with the data (groups.csv; --groups natural).",
}
"""How groups come about."""

WORDS: Mapping[str, str] = {
    "tau": "A rating of at least tau, on the data's own scale, is relevant. Each view has its default on a "
    "scale of 1 to 5, mapped to that of the data; --tau sets it for all views.",
    "norm": "Where a row stands between the bounds: (x - random) / (oracle - random), of the first metric. "
    "0 is a random order, 1 is the best that any order can reach.",
    "ties": "Equal scores. A metric is its expected value over all orders of equal scores; --ties best and "
    "worst show its bounds. A row with † moves by more than 0.01 between them.",
    "aggregator": "What turns members' scores into a group's; 'groupbench list aggregators' shows them.",
    "own": "In the column aggregator: the method scores groups itself, and nothing aggregates.",
    "none": "No aggregator: the view evaluates users, or the row is a bound made from the truth.",
    "best": "The aggregator with the highest value of the first metric, chosen for each row; it is chosen on "
    "what it is shown by, so that it flatters the row.",
    "members": "A recommender of users serves a group by its members' scores, which an aggregator combines.",
    "rows": "A recommender of users is fitted on the joint ratings of groups alone, each group as one user: "
    "`ease[rows]` (--groups-as rows).",
    "both": "A recommender of users is fitted on rows of users and, below them, of groups as users: "
    "`ease[both]` (--groups-as both, --group-weight).",
    "tuned": "Hyperparameters that 'groupbench tune' found on validation rows: `svd[tuned]`.",
    "ref": "A reference row: it bounds the others (random, oracle) or is what a method must beat "
    "(popularity, item-mean); it is not ranked.",
    "cohesion": "Mean Pearson correlation of a group's pairs of members over the items both rated "
    "(table --by cohesion, in thirds of each run's groups).",
    "activity": "Mean number of ratings of a group's members (table --by activity, in thirds).",
    "size": "Number of members of a group (table --by size).",
    "seconds": "Wall-clock seconds of the whole job: fit, scores, aggregation and metrics of all views.",
    "mib": "Growth of memory of the whole job, in MiB, beyond what its process had before.",
    "tied": "Share of decisions among the first K that only the order of equal scores makes.",
    "seed": "Number of the repetition: it decides split, formed groups and what a method draws.",
    "clean": "A variant of a data set, as in camra2011:clean: without what leaks (held-out rows that are "
    "training rows too, repeated rows, negatives that are positives); 'groupbench data doctor NAME --fix' "
    "shows what that changes.",
}
"""Words of tables and options."""
