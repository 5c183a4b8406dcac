"""Results that travel: exported for other tools, judged from elsewhere, joined from several machines."""

from groupbench.exchange._export import FORMATS, Chosen, Exported, export
from groupbench.exchange._merge import Merged, merge
from groupbench.exchange._score import Ranked, score
from groupbench.exchange._split import Split
from groupbench.exchange._task import export_task

__all__ = [
    "FORMATS",
    "Chosen",
    "Exported",
    "Merged",
    "Ranked",
    "Split",
    "export",
    "export_task",
    "merge",
    "score",
]
