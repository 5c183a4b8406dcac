"""All commands and what they do, and the page of `--help` that lists them: no library is needed for it."""

from __future__ import annotations

from groupbench.cli._columns import columns
from groupbench.core.version import VERSION

HELP = "An honest benchmark suite for group recommenders."

COMMANDS = {
    "run": ("run", "run", "Run what is missing: fit each method once, evaluate it under every view."),
    "tune": ("tune", "tune", "Choose hyperparameters, with as many trials for every method."),
    "table": ("show", "table", "Show the metrics of a results folder."),
    "report": (
        "report",
        "report",
        "Write everything as one HTML file that opens anywhere and loads nothing.",
    ),
    "card": ("card", "card", "Write the methods section of a run, with a reproducibility checklist."),
    "compare": ("statistics", "compare", "Compare two rows: wins, difference, effect size, and every test."),
    "list": ("names", "list_names", "List methods, tags, data sets, aggregators, metrics and views."),
    "explain": ("names", "explain", "Print definition, formula and source of what tables and listings show."),
    "reproduce": ("reproduce", "reproduce", "Repeat recorded runs, or set reported metrics beside ours."),
    "export": ("exchange", "export", "Write recommended lists and the truth that they were evaluated by."),
    "export-task": ("exchange", "export_task", "Write training rows, groups and candidates, and no truth."),
    "score": ("exchange", "score", "Evaluate rankings that were made elsewhere."),
    "merge": ("exchange", "merge", "Join the results of several machines in one folder."),
    "submit": ("publish", "submit", "Bundle the records of a results folder for a leaderboard."),
    "verify": ("publish", "verify", "Check a bundle, and run a sample of its jobs again."),
    "check": ("develop", "check", "Run the conformance tests that the built-in methods pass."),
    "doctor": ("develop", "doctor", "Show versions, state of the code, machine, and data sets at hand."),
    "plot": ("plot", "app", "Draw figures of a results folder."),
    "study": ("study", "app", "Studies of DMTL, the joint model."),
    "data": ("data", "app", "Fetch, check, describe and build data sets."),
    "env": ("env", "app", "Give a library a Python environment of its own."),
    "new": ("develop", "new_app", "Write a working template."),
}
"""By name of a command its module here (`_run` for `run`), its name there, and what it does."""

OPTIONS = {
    "--debug": "Show the traceback of errors.",
    "--version": "Show the version.",
    "--install-completion": "Install completion for the current shell.",
    "--show-completion": "Show completion for the current shell, to copy it or customize the installation.",
    "-h, --help": "Show this message and exit.",
}
"""By option of the program what it does."""


def help_page() -> str:
    """What `groupbench --help` shows, as wide as the terminal."""
    commands = {name: line for name, (_, _, line) in COMMANDS.items()}
    lines = ["Usage: groupbench [OPTIONS] COMMAND [ARGS]...", "", HELP]
    for title, rows in (("Options", OPTIONS), ("Commands", commands)):
        lines += ["", f"{title}:", *columns(rows)]
    return "\n".join([*lines, "", "'groupbench COMMAND --help' shows the options of a command."])


def version_line() -> str:
    """What `groupbench --version` shows."""
    return f"groupbench {VERSION}"
