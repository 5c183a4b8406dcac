"""Tuning: every method gets the same number of trials on validation rows cut from its training rows."""

from groupbench.tuning._options import Options, make_options
from groupbench.tuning._outcome import as_config, require_writable, write
from groupbench.tuning._run import run
from groupbench.tuning._search import Search

__all__ = ["Options", "Search", "as_config", "make_options", "require_writable", "run", "write"]
