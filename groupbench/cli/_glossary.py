"""Words, heads of columns and marks of tables and listings, none of them a registered name, explained."""

from __future__ import annotations

from collections.abc import Mapping

FORMATION: Mapping[str, str] = {
    "random": "Groups drawn evenly from all groups of users with training rows (--groups random, "
    "protocol coupled). As a method, `random` scores every candidate the same.",
    "similar": "Groups that grow from a random user by users with a Pearson correlation of at least "
    "similar_from (0.3) to any member (relate=any) or to all; they share min_corated (5) items or more "
    "(Kaya et al., RecSys 2020; --groups similar, protocol coupled).",
    "divergent": "As similar, with a correlation of at most divergent_to (0.1) (--groups divergent).",
    "one-divergent": "Similar users and one who is divergent from all: the minority of Barile et al., "
    "UMUAI 2023 (--groups one-divergent).",
    "coalitional": "Two subgroups of similar users, each divergent from all of the other: the coalition "
    "of Barile et al., UMUAI 2023 (--groups coalitional).",
    "same-item": "An item is drawn, then some of those who rated it in training (--groups same-item).",
    "kmeans": "Clusters of users by their training rows: means of ratings, per category where there are "
    "any, or category shares with group_features=shares (--groups kmeans, protocol paper).",
    "natural": "Groups that were observed and came with the data (groups.csv; --groups natural).",
}
"""How groups come about."""

WORDS: Mapping[str, str] = {
    "tau": "A rating of at least tau, on the data's own scale, is relevant. Each view has its default "
    "on a scale of 1 to 5, mapped to that of the data; --tau sets it for all views.",
    "norm": "Where a row stands between the bounds: (x - random) / (oracle - random), of the first "
    "NDCG that is shown, or without one of the first metric. 0 is a random order, 1 is the best that any "
    "order can reach.",
    "ties": "Equal scores. A metric is its expected value over all orders of equal scores; --ties best "
    "and worst show its bounds. A row with † moves by more than 0.01 between them.",
    "aggregator": "What turns members' scores into a group's; 'groupbench list aggregators' shows them.",
    "own": "In the column aggregator: the method scores groups itself, and nothing aggregates.",
    "none": "No aggregator: the view evaluates users, or the row is a bound made from the truth.",
    "best": "The aggregator with the highest value of the first metric, chosen for each row; it is "
    "chosen on what it is shown by, so that it flatters the row.",
    "members": "A recommender of users serves a group by its members' scores, which an aggregator combines.",
    "rows": "A recommender of users is fitted on the joint ratings of groups alone, each group as one "
    "user: `ease[rows]` (--groups-as rows).",
    "both": "A recommender of users is fitted on rows of users and, below them, of groups as users: "
    "`ease[both]` (--groups-as both, --group-weight).",
    "tuned": "Hyperparameters that 'groupbench tune' found on validation rows: `svd[tuned]`.",
    "ref": "A reference row: it bounds the others (random, oracle) or is what a method must beat "
    "(popularity, item-mean); it is not ranked.",
    "cohesion": "Mean Pearson correlation of a group's pairs of members over the items both rated "
    "(table --by cohesion, in thirds of each run's groups); of larger groups, of 1,000 members.",
    "activity": "Mean number of ratings of a group's members (table --by activity, in thirds).",
    "options": "Number of items that a group chooses from (table --by options, protocol aggregate).",
    "size": "Number of members of a group (table --by size).",
    "seconds": "Wall-clock seconds of the whole job: fit, scores, aggregation and metrics of all views.",
    "mib": "Growth of memory of the whole job, in MiB, beyond what its process had before.",
    "joules": "Energy of the whole job, in joules (column J): measured where the machine allows it, "
    "else estimated from processor time; 'groupbench card' says which.",
    "rank": "Average rank over the columns, 1 for the best, among the methods with a value in each; "
    "reference rows are not ranked (table --layout wide).",
    "n": "Number of groups, or users, with a value: those that a view evaluates, without the skipped.",
    "tied": "Share of decisions among the first K that only the order of equal scores makes.",
    "bounds": "The lowest and highest value that a metric can take over all orders of equal scores "
    "(`--ties worst`, `best` or `all`); also `random` and `oracle`, between which `norm` measures.",
    "candidates": "The items that a user or group ranks in a view: those rated in the held-out rows, "
    "all that are new to the members, or sampled ones.",
    "cold": "A user, item or group without a training row.",
    "content hash": "A hash of all that a data set holds. Tables never mix two contents; `--dataset "
    "NAME@HASH` chooses one.",
    "evaluated": "Users or groups that have a value in a view; the caption counts them. A user or group "
    "without a candidate that matters is skipped and counted.",
    "held-out rows": "The ratings that a split keeps from training, by which lists are evaluated.",
    "job": "One method on one data set under one protocol with one seed. It leaves one record.",
    "joint rating": "A rating that a group gave together, in `group_ratings.csv` or what came with a "
    "data set.",
    "key": "A hash of all that decides the outcome of a job: data, protocol, method with its code and "
    "hyperparameters, aggregators, seed. It names the folder of the record.",
    "native": "A group's scores that a method makes itself, without an aggregator; tables call it own.",
    "protocol": "A split, a way to form groups, and the views: `paper`, `coupled`, `sequential`, "
    "`natural`, `aggregate`, `given`. "
    "Options that differ from its defaults are part of its label: `paper+ratio=0.85`.",
    "record": "What a job leaves in the results folder: scores, seconds, memory, versions.",
    "reference row": "A row marked (ref) that bounds the others or says what no learning gets: "
    "`random`, `popularity`, `item-mean`, `oracle` and their like. It is not ranked with them.",
    "relevant": "A candidate whose true rating is at least tau.",
    "saturated": "Said of a metric in a view where random is within 5% of the oracle: every order "
    "scores nearly the same.",
    "skipped": "Of a method: it cannot learn from these data, and the reason stands in the table. Of "
    "users or groups: they have nothing to be evaluated by.",
    "split": "What is trained on and what is held out: at random, by fold, by time, or as the data came.",
    "view": "Who is evaluated, on which candidates, against what truth: `rated-group`, `coupled`. One "
    "run evaluates all views of its protocol.",
    "warm": "A user, item or group with training rows.",
    "metrics": "A column for each metric asked for; 'groupbench list metrics' shows which there are, "
    "and 'groupbench explain ndcg@10' what one is.",
    "dataset": "Ratings, groups and features under one name; 'groupbench list datasets' shows which "
    "there are, 'groupbench data info NAME' where each comes from. A folder with a ratings.csv is one, "
    "too.",
    "level": "Corrected p-values up to this are significant (--level, 0.05).",
    "method": "What recommends: a method with its hyperparameters, as in svd[n_factors=50]; 'groupbench "
    "list methods' shows them. A reference row is marked (ref).",
    "tuning": "How a row's hyperparameters were found: number of trials and the seconds of all, or default.",
    "mean": "Mean of a metric over the seeds; in each of them it is the mean over groups or users.",
    "std": "Standard deviation of a metric over the seeds (behind ±); empty for a single seed.",
    "value": "A metric's mean over groups or users for one seed.",
    "seeds": "Number of seeds with a value.",
    "status": "How a job ended: done, skipped, failed or killed; reason says why.",
    "reference": "The row that the others are tested against: each metric's best method, or that of "
    "--reference.",
    "difference": "A row's mean minus that of the reference; low and high are its interval with "
    "confidence 1 - level.",
    "p": "Probability of such a difference or a larger one if there were none; p_corrected takes into "
    "account how many rows are tested (--correction).",
    "d": "Cohen's d of paired values: mean of the differences by their standard deviation (column cohen_d).",
    "rank_biserial": "Rank-biserial correlation: of the ranks of all differences, the share for the row "
    "less the share against it, -1 to 1.",
    "units": "What a test counts as independent: clusters of groups that share users, or seeds; pairing "
    "says which, and test by which test.",
    "±": "The standard deviation over seeds stands behind it; --no-std leaves it out.",
    "*": "The best value of a column among the methods, reference rows apart; in Markdown and LaTeX it "
    "is bold.",
    "_": "The second best value of a column among the methods; in Markdown and LaTeX it is underlined.",
    "†": "Equal scores can move a shown metric of this row by more than 0.01; --ties all shows by how much.",
    "↑": "Significantly higher than the reference in this metric (table --significance).",
    "↓": "Significantly lower than the reference in this metric (table --significance).",
    "–": "Nothing to show: not known, not defined, or not ranked.",
    "seed": "Number of the repetition: it decides split, formed groups and what a method draws.",
    "clean": "A variant of a data set, as in camra2011:clean: without what leaks (held-out rows that "
    "are training rows too, repeated rows, negatives that are positives); 'groupbench data doctor NAME "
    "--fix' shows what that changes.",
}
"""Words of tables and options, heads of columns, and marks."""

ALIASES: Mapping[str, str] = {
    "j": "joules",
    "metric": "metrics",
    "peak_mb": "mib",
    "cohen_d": "d",
    "p_corrected": "p",
    "low": "difference",
    "high": "difference",
    "pairing": "units",
    "test": "units",
    "reason": "status",
}
"""What else some of them are called."""
