"""The card: what a paper must say of how its results were made, written from run records alone.

What records do not hold is said to be unknown; nothing here loads data or runs jobs.
"""

from groupbench.report.card._content import Card, make_card
from groupbench.report.card._markup import CARD_FORMATS

__all__ = ["CARD_FORMATS", "Card", "make_card"]
