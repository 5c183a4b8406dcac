"""Tuning: every method gets the same number of trials on validation rows cut from its training rows."""

from groupbench.runner.tuning._options import Options, make_options
from groupbench.runner.tuning._outcome import as_config, require_writable, write
from groupbench.runner.tuning._search import Search
from groupbench.runner.tuning.tune import run

__all__ = ["Options", "Search", "as_config", "make_options", "require_writable", "run", "write"]
