"""Protocols: a split, the groups and the views, with every choice a named option; one file each."""

from groupbench.protocol._base import Protocol, natural_groups, training_data
from groupbench.protocol._make import PROTOCOLS, make_protocol
from groupbench.protocol.coupled import Coupled
from groupbench.protocol.given import Given
from groupbench.protocol.natural import Natural
from groupbench.protocol.paper import Paper

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
