"""The metrics that are no `Family`: something other than one ranked list with its truth decides them."""

from groupbench.metrics._definitions import ERRORS, EXPOSURES, OF_MEMBERS, RELEVANCE, SATISFIED
from groupbench.metrics._families import METRICS

for _definition in (*OF_MEMBERS, RELEVANCE, *SATISFIED, *ERRORS, *EXPOSURES):
    METRICS.register(_definition)
