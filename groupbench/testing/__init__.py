"""What a new method needs: a template to start from, and the conformance checks that all methods pass."""

from groupbench.testing.checks import check, checks_for
from groupbench.testing.outcome import CheckOutcome, ConformanceCheck
from groupbench.testing.small import small_training
from groupbench.testing.template import method_template
from groupbench.testing.trial import MethodTrial

__all__ = [
    "CheckOutcome",
    "ConformanceCheck",
    "MethodTrial",
    "check",
    "checks_for",
    "method_template",
    "small_training",
]
