"""Words that tables, options and pages use, with their meanings: for commands and the documentation."""

from __future__ import annotations

from collections.abc import Mapping

TERMS: Mapping[str, str] = {
    "ablation": (
        "A method with one part left out or replaced, to see what the part is worth: `dmtl-no-profile`."
    ),
    "aggregator": (
        "What makes one score per candidate for a group from the scores of its members: "
        "`average`, `least-misery`."
    ),
    "baseline": ("A method that others are compared with. A built-in one is a file in `baselines/`."),
    "[both]": (
        "A recommender of users that is fitted on the users' rows and the groups' rows, "
        "as if groups were users: `ease[both]`. See also [rows]."
    ),
    "bounds": (
        "The lowest and highest value that a metric can take over all orders of equal "
        "scores: `--ties worst`, `best` or `all`."
    ),
    "candidates": (
        "The items that a user or group ranks in a view: those rated in the held-out "
        "rows, all that are new to the members, or sampled ones."
    ),
    "clean": (
        "A variant of a data set without the held-out rows and negatives that it gives "
        "away: `camra2011:clean`. Views that end in `-clean` leave such rows out of the "
        "data as they came."
    ),
    "cold": "A user, item or group without a training row.",
    "content hash": (
        "A hash of all that a data set holds. Tables never mix two contents; `--dataset "
        "NAME@HASH` chooses one."
    ),
    "evaluated": (
        "Users or groups that have a value in a view; the caption counts them. A user or "
        "group without a candidate that matters is skipped and counted."
    ),
    "held-out rows": "The ratings that a split keeps from training, by which lists are evaluated.",
    "job": ("One method on one data set under one protocol with one seed. It leaves one record."),
    "joint rating": (
        "A rating that a group gave together, in `group_ratings.csv` or what came with a data set."
    ),
    "key": (
        "A hash of all that decides the outcome of a job: data, protocol, method with its "
        "code and hyperparameters, aggregators, seed. It names the folder of the record."
    ),
    "LTP": (
        "Long-term proportionality, a sequential aggregator: EP-FuzzDA that starts from "
        "what the members got in earlier rounds."
    ),
    "native": ("A group's scores that a method makes itself, without an aggregator; tables call it own."),
    "norm": (
        "(x - random) / (oracle - random) of the first metric: 0 is a random order, 1 a "
        "perfect one. It compares over data sets, which raw values do not."
    ),
    "oracle": (
        "A reference row that knows the truth and ranks by it: the best possible score, "
        "but for metrics over members, who want different lists."
    ),
    "own": (
        "In the column aggregator: the scores that a method makes for groups itself, without an aggregator."
    ),
    "popularity": (
        "A reference row that ranks by the number of training ratings, the same list for "
        "everybody. A method below it has learned little."
    ),
    "protocol": (
        "A split, a way to form groups, and the views: `paper`, `coupled`, `natural`, "
        "`given`. Options that differ from its defaults are part of its label: "
        "`paper+ratio=0.85`."
    ),
    "random": (
        "A reference row: the expected value over all orders of the candidates, computed and not drawn."
    ),
    "record": "What a job leaves in the results folder: scores, seconds, memory, versions.",
    "reference row": (
        "A row marked (ref) that bounds the others or says what no learning gets: "
        "`random`, `popularity`, `item-mean`, `oracle` and their like. It is not ranked "
        "with them."
    ),
    "relevant": "A candidate whose true rating is at least tau.",
    "[rows]": (
        "A recommender of users that is fitted on the groups' rows alone, as if groups "
        "were users: `ease[rows]`."
    ),
    "saturated": (
        "Said of a metric in a view where random is within 5% of the oracle: every order "
        "scores nearly the same."
    ),
    "SDAA": (
        "A sequential aggregator: the more the members disagreed in the last round, the "
        "more its least satisfied member counts."
    ),
    "seed": (
        "A number from 0 on that draws the split, the groups and what a method draws. The "
        "same seed gives the same scores."
    ),
    "sequential aggregators": (
        "Aggregators that look back on the lists of earlier rounds, in "
        "`groupbench.aggregation.sequential`: SDAA, SIAA and LTP."
    ),
    "SIAA": ("A sequential aggregator: every member counts the more, the less satisfied it was."),
    "skipped": (
        "Of a method: it cannot learn from these data, and the reason stands in the "
        "table. Of users or groups: they have nothing to be evaluated by."
    ),
    "split": ("What is trained on and what is held out: at random, by fold, by time, or as the data came."),
    "tau": (
        "The rating from which a candidate is relevant. Defaults are stated on a scale of "
        "1 to 5 and mapped to that of the data; `--tau` is on the data's own scale. The "
        "caption prints the one in force."
    ),
    "ties": ("Equal scores in one list. A metric is its expected value over every order of them."),
    "[tuned]": (
        "A row whose hyperparameters `groupbench tune` chose: `svd[tuned]`. Other values "
        "in brackets were set by hand."
    ),
    "view": (
        "Who is evaluated, on which candidates, against what truth: `rated-group`, "
        "`coupled`. One run evaluates all views of its protocol."
    ),
    "warm": "A user, item or group with training rows.",
    "±": "Standard deviation of a row's values over seeds, one value per seed.",
    "†": (
        "Marks a row whose shown scores another order of equal scores could move by more "
        "than .01; `--ties all` shows the bounds."
    ),
}
"""Meanings by word, in alphabetical order; names of methods, metrics and views have their own definitions."""
