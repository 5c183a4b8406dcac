"""Tuning: every method gets the same number of trials on validation rows cut from its training rows."""

from groupbench.runner.tuning._options import TuningOptions
from groupbench.runner.tuning._outcome import as_config, require_writable, write
from groupbench.runner.tuning._search import Search
from groupbench.runner.tuning._side_by_side import search_all

__all__ = ["Search", "TuningOptions", "as_config", "require_writable", "search_all", "write"]
