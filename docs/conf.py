"""How Sphinx builds the documentation: `tox -e docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from groupbench import __version__  # noqa: E402

project = "groupbench"
author = copyright = "The groupbench authors"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "definitions", "leaderboard_page"]
exclude_patterns = ["_ext", "_build", "examples"]

html_theme = "furo"
html_title = "groupbench"
html_static_path = ["_static"]
html_css_files = ["page.css"]
html_show_sourcelink = False

nb_execution_mode = "off"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "inherited-members": True, "member-order": "bysource"}
autodoc_typehints = "none"
napoleon_use_ivar = True
default_role = "code"
smartquotes = False
