"""Studies of DMTL: which part matters, what the profile weight does, and how well groups are profiled."""

from __future__ import annotations

from groupbench.studies.ablation import study_ablation, with_ablations
from groupbench.studies.fit import fitted, only_job, task_of
from groupbench.studies.inspect import Inside, inside, losses_of
from groupbench.studies.measure import Measured, measure
from groupbench.studies.profiling import study_profiling
from groupbench.studies.representation import Map, attention_by_feature, user_map
from groupbench.studies.study import STUDY_FORMATS, Study, as_text, check_format, place_of
from groupbench.studies.weights import WEIGHTS, study_weights, weighted

__all__ = [
    "STUDY_FORMATS",
    "WEIGHTS",
    "Inside",
    "Map",
    "Measured",
    "Study",
    "as_text",
    "attention_by_feature",
    "check_format",
    "fitted",
    "inside",
    "losses_of",
    "measure",
    "only_job",
    "place_of",
    "study_ablation",
    "study_profiling",
    "study_weights",
    "task_of",
    "user_map",
    "weighted",
    "with_ablations",
]
