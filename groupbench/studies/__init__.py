"""Studies of DMTL: which part matters, what the profile weight does, and how well groups are profiled.

They start ordinary jobs and look inside fitted models; the models themselves are not here.
"""

from __future__ import annotations

from groupbench.studies._ablation import study_ablation, with_ablations
from groupbench.studies._fit import fitted, only_job, task_of
from groupbench.studies._inspect import EVERYTHING, Inspectable, inspectable, losses_of
from groupbench.studies._measure import Measured, measure
from groupbench.studies._profiling import study_profiling
from groupbench.studies._representation import Map, attention_by_feature, user_map
from groupbench.studies._study import STUDY_FORMATS, StudyReport, as_text, check_format, job_title
from groupbench.studies._weights import WEIGHTS, study_weights, weighted

__all__ = [
    "EVERYTHING",
    "STUDY_FORMATS",
    "WEIGHTS",
    "Inspectable",
    "Map",
    "Measured",
    "StudyReport",
    "as_text",
    "attention_by_feature",
    "check_format",
    "fitted",
    "inspectable",
    "job_title",
    "losses_of",
    "measure",
    "only_job",
    "study_ablation",
    "study_profiling",
    "study_weights",
    "task_of",
    "user_map",
    "weighted",
    "with_ablations",
]
