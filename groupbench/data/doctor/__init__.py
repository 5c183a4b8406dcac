"""The doctor for data: what is odd, wrong or leaking in a data set, found from its content alone.

It changes nothing; the variant of a data set without what leaks is made by `groupbench.data.leakage`.
"""

from groupbench.data.doctor._claims import facts
from groupbench.data.doctor._diagnose import Diagnosis, diagnose
from groupbench.data.doctor._finding import Finding, Severity
from groupbench.data.doctor._report import as_json, format_diagnosis, format_repair

__all__ = [
    "Diagnosis",
    "Finding",
    "Severity",
    "as_json",
    "diagnose",
    "facts",
    "format_diagnosis",
    "format_repair",
]
