"""Protocols: a split, the groups and the views, with every choice a named option; one file each, found by itself.

A protocol says what is held out and who forms groups; how held-out rows evaluate a ranking is said by views.
"""

from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.protocols._names import make_protocol

__all__ = ["PROTOCOLS", "Protocol", "make_protocol", "natural_groups", "training_data"]
