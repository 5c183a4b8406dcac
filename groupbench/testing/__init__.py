"""What a new method needs: a template to start from, and the conformance checks that all methods pass.

Tests of groupbench itself are no part of the package; they lie in `tests/`.
"""

from groupbench.testing._checks import check, checks_for
from groupbench.testing._outcome import CheckOutcome, ConformanceCheck
from groupbench.testing._part_templates import PARTS, part_template
from groupbench.testing._parts import check_part, named_in
from groupbench.testing._small import small_training
from groupbench.testing._template import method_template
from groupbench.testing._trial import MethodTrial

__all__ = [
    "PARTS",
    "CheckOutcome",
    "ConformanceCheck",
    "MethodTrial",
    "check",
    "check_part",
    "checks_for",
    "method_template",
    "named_in",
    "part_template",
    "small_training",
]
