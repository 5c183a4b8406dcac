"""The doctor for data: what is odd, wrong or leaking in a data set, found from its content alone."""

from groupbench.diagnosis._claims import facts
from groupbench.diagnosis._diagnose import Diagnosis, diagnose
from groupbench.diagnosis._finding import Finding, Severity
from groupbench.diagnosis._words import as_json, mended, spoken

__all__ = ["Diagnosis", "Finding", "Severity", "as_json", "diagnose", "facts", "mended", "spoken"]
