"""What each kind of group is and what is measured of groups: for commands and the documentation."""

from __future__ import annotations

from collections.abc import Mapping

DEFINITIONS: Mapping[str, str] = {
    "natural": "The groups that the data set observed; a kind for data with such groups only.",
    "kmeans": (
        "Clusters of users by Lloyd's KMeans, on statistics of their training rows: mean, standard "
        "deviation and number of ratings and the mean per category (`means`), or the share of rows "
        "per category next to demographics (`shares`, the choice of the DMTL paper's authors in "
        "related code). Every user with a training row is in exactly one group; sizes are what comes "
        "out."
    ),
    "random": "Drawn evenly from all groups of users with training rows.",
    "similar": (
        "Grown from a random user, each next member drawn evenly from all who are similar to any, or "
        "to all, members before it: a Pearson correlation of at least 0.3 over at least 5 co-rated "
        "items (Kaya, Bridge and Tintarev, RecSys 2020)."
    ),
    "divergent": (
        "Grown like similar groups, from users who are divergent: a Pearson correlation of at most "
        "0.1 over at least 5 co-rated items (Kaya, Bridge and Tintarev, RecSys 2020). Users who share "
        "fewer items are neither similar nor divergent."
    ),
    "one-divergent": (
        "Similar users and a last member who is divergent from all of them; a pair is just divergent "
        "(the minority of Barile et al., UMUAI 2023)."
    ),
    "coalitional": (
        "Two subgroups of similar users, each member divergent from all of the other subgroup; the "
        "first has one member more where the size is odd (the coalition of Barile et al., UMUAI "
        "2023)."
    ),
    "same-item": "Users who all rated one item: an item is drawn evenly, then some of its raters.",
}
"""The kinds of groups by name."""

STATISTICS: Mapping[str, str] = {
    "size": "Members of a group.",
    "cohesion": (
        "Mean Pearson correlation of a group's pairs of members over co-rated items of the training "
        "rows, in [-1, 1]. Pairs that share fewer than 5 items have none and are left out; where no "
        "pair has one, the group has no cohesion."
    ),
    "activity": "Mean number of training rows of a group's members.",
}
"""What is measured of groups, by the names that tables are broken down by."""
