"""Protocols: a split, the groups and the views, with every choice a named option; one file.

How held-out rows evaluate a ranking is not said here but by the views that a protocol names.
"""

from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.protocols._names import make_protocol
from groupbench.evaluation.protocols._rows import RowSplit

__all__ = ["PROTOCOLS", "Protocol", "RowSplit", "make_protocol", "natural_groups", "training_data"]
