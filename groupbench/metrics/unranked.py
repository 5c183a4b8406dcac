"""The metrics that something other than one ranked list with its truth decides, so that they are no `Family`."""

from groupbench.metrics._definitions import ERRORS, EXPOSURES, OF_MEMBERS, RELEVANCE, SATISFIED
from groupbench.metrics._families import METRICS

for _definition in (*OF_MEMBERS, RELEVANCE, *SATISFIED, *ERRORS, *EXPOSURES):
    METRICS.register(_definition)
