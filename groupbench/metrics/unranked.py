"""The metrics that are no `Family`: something other than one ranked list with its truth decides them."""

from groupbench.metrics._agreement import AGREEMENT
from groupbench.metrics._definitions import ERRORS, EXPOSURES, OF_MEMBERS, RELEVANCE, SATISFIED
from groupbench.metrics._families import METRICS
from groupbench.metrics._rounds import OF_ROUNDS

for _definition in (*OF_MEMBERS, RELEVANCE, *SATISFIED, *ERRORS, *EXPOSURES, *OF_ROUNDS, *AGREEMENT):
    METRICS.register(_definition)
