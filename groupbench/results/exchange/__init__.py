"""Results that travel: exported for other tools, scored from elsewhere, merged from several machines.

Formats and checks of what crosses the border are here; how records are stored is not.
"""

from groupbench.results.exchange._bundle import Bundle, read_bundle, write_bundle
from groupbench.results.exchange._export import FORMATS, ExportFilter, ExportSummary, export
from groupbench.results.exchange._layout import export_layout
from groupbench.results.exchange._merge import MergeSummary, Packing, merge
from groupbench.results.exchange._numbered import TaskFolder
from groupbench.results.exchange._score import RankedView, score
from groupbench.results.exchange._task import export_task
from groupbench.results.exchange._task_split import PreparedSplit

__all__ = [
    "FORMATS",
    "Bundle",
    "ExportFilter",
    "ExportSummary",
    "MergeSummary",
    "Packing",
    "PreparedSplit",
    "RankedView",
    "TaskFolder",
    "export",
    "export_layout",
    "export_task",
    "merge",
    "read_bundle",
    "score",
    "write_bundle",
]
