"""Protocols: a split, the groups and the views, with every choice a named option; one file each."""

from groupbench.evaluation.protocols._base import Protocol, natural_groups, training_data
from groupbench.evaluation.protocols._names import PROTOCOLS, make_protocol
from groupbench.evaluation.protocols.coupled import Coupled
from groupbench.evaluation.protocols.given import Given
from groupbench.evaluation.protocols.natural import Natural
from groupbench.evaluation.protocols.paper import Paper

__all__ = [
    "PROTOCOLS",
    "Coupled",
    "Given",
    "Natural",
    "Paper",
    "Protocol",
    "make_protocol",
    "natural_groups",
    "training_data",
]
