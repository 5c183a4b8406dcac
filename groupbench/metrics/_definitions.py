"""What every metric means, as data: the words behind `groupbench explain` and `groupbench list metrics`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from groupbench.metrics._orders import ORDERS

EXPECTED = (
    "equal scores: the expected value over all their orders, in closed form (McSherry & Najork, ECIR 2008); "
    "--ties best|worst puts relevant candidates first or last instead"
)
MEMBER_MEANS = (
    "equal scores: the expected value over all their orders, in closed form; --ties best|worst puts each "
    "member's relevant candidates first or last instead"
)
COMMON_ORDERS = (
    "equal scores: the expected value over orders that all members see alike: of all orders where at most "
    f"{ORDERS} differ for the members, else of {ORDERS} drawn ones, whose mean has a standard error of at "
    f"most {0.5 / ORDERS**0.5:.3f} for a group, and of that / sqrt(n) over n groups; --ties best|worst are "
    "bounds, made of the best and the worst for each member, that no order can exceed and that none need "
    "reach; in the decoupled view the same under every --ties"
)
BLOCK_MEANS = (
    "equal scores: their gains are averaged, which is the expected value over all their orders; the same "
    "under every --ties"
)
ITEM_ORDER = "equal scores: by item order, in the list that is stored; the same under every --ties"
NO_RANKING = "no list is ranked, so ties do not matter"


@dataclass(frozen=True)
class Definition:
    """What a metric computes, whose definition it is, and where others compute something else.

    Attributes:
        name: the part before the `@`.
        title: the name to print.
        formula: what is computed for one list, in plain text, in terms of K, hits(K) and |Rel|.
        source: the definition followed.
        undefined: what comes out where the formula has no value.
        ties: what equal scores do.
        lower_is_better: whether smaller values are the better ones.
        normalizable: whether random and the oracle bound it, so that (x - random) / (oracle - random) says
            something; they do not where members are compared, or items are counted whoever likes them.
        cutoff: whether the metric is written with a cutoff, as `name@K`.
        differs: what other libraries compute under the name, with the size of the difference where measured.
        synonyms: what else it is called; it is explained under these names too.
    """

    name: str
    title: str
    formula: str
    source: str
    undefined: str
    _: KW_ONLY
    ties: str = EXPECTED
    lower_is_better: bool = False
    normalizable: bool = True
    cutoff: bool = True
    differs: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """How the metric is written: `name@K`, or `name` without a cutoff."""
        return f"{self.name}@K" if self.cutoff else self.name


_KEPT = "the first min(K, length) items of the list"
_EMPTY = "NaN where nothing is recommended; not reported for random and oracle, whose scores know no items"
_NOBODY = "NaN where no member has a relevant candidate"
_UNRATED = "NaN for a list without a rated candidate; reported only for methods that predict ratings"

OF_MEMBERS = (
    Definition(
        name="zrecall",
        title="zRecall",
        formula="members with a relevant candidate who find none in the first K, divided by the members with "
        "a relevant candidate",
        source="Kaya, Bridge & Tintarev, RecSys 2020, over the members who can be satisfied",
        undefined=_NOBODY,
        ties=MEMBER_MEANS,
        lower_is_better=True,
    ),
    Definition(
        name="zrecall_all",
        title="zRecall (all members)",
        formula="members with a relevant candidate who find none in the first K, divided by all members",
        source="Kaya, Bridge & Tintarev, RecSys 2020, over all members",
        undefined="always defined; 0 where no member has a relevant candidate",
        ties=MEMBER_MEANS,
        lower_is_better=True,
    ),
    Definition(
        name="dfh",
        title="Discounted first hit",
        formula="mean over members of 1 / log2(1 + rank of the member's first relevant item), 0 beyond K",
        source="Kaya, Bridge & Tintarev, RecSys 2020",
        undefined=_NOBODY,
        ties=MEMBER_MEANS,
    ),
    Definition(
        name="proportionality_error",
        title="Proportionality error",
        formula="1/2 sum over members of |hits_i(K) / sum of hits(K) - 1/n|, n members with a relevant "
        "candidate; the worst value, (n - 1)/n, if none has a hit",
        source="total variation from equal shares, after Malecek & Peska, UMAP 2021",
        undefined=_NOBODY,
        ties=COMMON_ORDERS,
        lower_is_better=True,
        normalizable=False,
    ),
)
"""Metrics that exist only where the group's list is evaluated by each member's truth."""

RELEVANCE = Definition(
    name="relevance",
    title="Relevance (predicted)",
    formula="mean gain of the first min(K, length) candidates, averaged over members; a member's gain is the "
    "base method's prediction for it, scaled to 0 ... 1 over the candidates (1 where all are equal)",
    source="groupbench; decoupled evaluation, in which the predictions are the truth",
    undefined="always defined",
    ties=BLOCK_MEANS,
)

_CLOSED_FORM = (
    "equal scores: the expected value over all their orders, in closed form; the same under every --ties"
)
_TOO_FEW = "always defined; a member for whom fewer candidates count does not find enough"

SATISFIED = tuple(
    found
    for m in (1, 2)
    for found in (
        Definition(
            name=f"proportional_{m}",
            title=f"{m}-proportional members",
            formula=f"share of the members who find {m} or more of their favorites among the first K, which "
            "are the best 5% (rounded up) of the candidates by the base method's predictions for the member, "
            "and all that are predicted as high as the last of them",
            source=f"m-proportionality of Serbos et al., WWW 2017, for m = {m}; 5% as in Sato, WSDM 2022",
            undefined=_TOO_FEW,
            ties=_CLOSED_FORM,
        ),
        Definition(
            name=f"envy_free_{m}",
            title=f"{m}-envy-free members",
            formula=f"share of the members with {m} or more candidates among the first K that they need not "
            "envy the others: their own prediction is among the best 25% (rounded up) of the members' "
            "predictions of it, or as high as the last of them; predictions are compared as they are, which "
            "is fair only where those of all members share a scale, as predicted ratings do",
            source=f"m-envy-freeness of Serbos et al., WWW 2017, for m = {m}; 25% as in Sato, WSDM 2022",
            undefined=_TOO_FEW,
            ties=_CLOSED_FORM,
        ),
    )
)
"""Shares of members who get enough, by predictions as in their source.

By held-out ratings the one is 1 - zRecall for m = 1, and the other cannot be told, because the members of a
group have seldom rated the same item.
"""

ERRORS = tuple(
    Definition(
        name=name,
        title=name.upper(),
        formula=f"{formula} over the rated candidates, predictions clipped to the scale; per list in the "
        "parquet file, pooled over the rows of all lists in a table",
        source=f"{title}, as of sklearn.metrics and surprise.accuracy",
        undefined=_UNRATED,
        ties=NO_RANKING,
        lower_is_better=True,
        cutoff=False,
    )
    for name, title, formula in (
        ("rmse", "root mean squared error", "sqrt(mean of (prediction - rating)^2)"),
        ("mae", "mean absolute error", "mean of |prediction - rating|"),
    )
)
"""Errors of predicted ratings."""

EXPOSURES = (
    Definition(
        name="coverage",
        title="Catalogue coverage",
        formula="items among the first K of any evaluated list, divided by all items of the data set; one "
        "value for all lists. Candidates bound it: where only held-out items can be ranked, 1 is out of "
        "reach",
        source="Ge, Delgado-Battenfeld & Jannach, RecSys 2010",
        undefined="always defined; not reported for random and oracle, whose scores know no items",
        ties=ITEM_ORDER,
        normalizable=False,
    ),
    Definition(
        name="novelty",
        title="Novelty",
        formula=f"mean of -log2((n_i + 1) / (n + number of items)) over {_KEPT}; n_i of the n training rows "
        "are item i's, and the 1 keeps items without training rows finite",
        source="mean self-information, free discovery of Vargas & Castells, RecSys 2011",
        undefined=_EMPTY,
        ties=ITEM_ORDER,
        normalizable=False,
        differs=(
            "Zhou et al., PNAS 2010, take -log2(n_i / number of users): without the added 1 that is lower by "
            "log2(n / number of users), the same for all lists of a data set",
        ),
    ),
    Definition(
        name="popularity_share",
        title="Popularity share",
        formula=f"share of {_KEPT} that are among the 20% of all items with the most training rows (rounded "
        "up; items that tie for the last of these positions share them equally)",
        source="1 - APLT of Abdollahpouri, Burke & Mobasher, FLAIRS 2019, with a head of 20% of the items",
        undefined=_EMPTY,
        ties=ITEM_ORDER,
        normalizable=False,
        lower_is_better=True,
    ),
    Definition(
        name="diversity",
        title="Intra-list diversity",
        formula=f"mean of 1 - cosine(x_i, x_j) over the pairs of {_KEPT}, x_i the item features",
        source="intra-list distance, Smyth & McClave, ICCBR 2001; Ziegler et al., WWW 2005",
        undefined="NaN below two items with a feature other than 0, the only ones that count; not reported "
        "for data without item features, nor for random and oracle",
        ties=ITEM_ORDER,
        normalizable=False,
    ),
)
"""Metrics of which items are shown, whoever likes them."""
