"""Results that travel: exported for other tools, judged from elsewhere, joined from several machines."""

from groupbench.results.exchange._export import FORMATS, Chosen, Exported, export
from groupbench.results.exchange._merge import Merged, merge
from groupbench.results.exchange._score import Ranked, score
from groupbench.results.exchange._task import export_task
from groupbench.results.exchange._task_split import Split

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
