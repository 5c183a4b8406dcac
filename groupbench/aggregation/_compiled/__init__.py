"""The top candidates of groups by compiled loops, equal to the last bit to what the aggregators say."""

from groupbench.aggregation._compiled import _lists, _ranks, _scores
from groupbench.aggregation._compiled._orders import RowOrders
from groupbench.aggregation._compiled._strategies import find_top, serves
from groupbench.aggregation._compiled._table import MemberTable, TopCandidates, joined

__all__ = [
    "MemberTable",
    "RowOrders",
    "TopCandidates",
    "_lists",
    "_ranks",
    "_scores",
    "find_top",
    "joined",
    "serves",
]
