"""Every option is declared once: its field decides what commands, files and functions take and show."""

from __future__ import annotations

import re
import sys

import pytest

from groupbench import api
from groupbench.cli import COMMANDS, main
from groupbench.core.errors import ConfigError
from groupbench.core.options import Flag
from groupbench.runner.config import Config, make_config
from groupbench.runner.tuning import TuningOptions

FIELDS = {name: field for name, field in Config.model_fields.items() if name != "tuned"}
"""What a command has options for; `tuned` is what `tune` writes into a file."""


@pytest.fixture
def shown(monkeypatch, capsys):
    """Calls the command in this process and returns what it prints, without the frames of panels."""

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["groupbench", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("GROUPBENCH_COMMAND", "")
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr()
        return re.sub(r"[│╭╮╰╯─\s]+", " ", said.out + said.err)

    return call


def _default(field) -> str:
    mark = next(one for one in field.metadata if isinstance(one, Flag))
    if mark.unset:
        return f"[default: ({mark.unset})]"
    default = field.default
    if isinstance(default, bool):
        return "[default: "
    return f"[default: {', '.join(default) if isinstance(default, list) else default}]" if default else ""


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("run", FIELDS),
        (
            "tune",
            {
                k: v
                for k, v in {**FIELDS, **TuningOptions.model_fields}.items()
                if k not in ("seeds", "aggregators", "references", "k")
            },
        ),
    ],
)
def test_every_field_is_an_option_with_its_help_and_default(shown, command, fields):
    text = shown(command, "--help").partition(" Options ")[2]
    for name, field in fields.items():
        flag = "--plugin" if name == "plugins" else f"--{name.replace('_', '-')}"
        start = text.index(f" {flag} ")
        entry = text[start : start + 400]
        assert " ".join(field.description.split()).split(";")[0].split(" (")[0] in entry, name
        assert _default(field) in entry, name


def test_the_help_has_panels(shown):
    text = shown("run", "--help")
    positions = [
        text.index(f" {panel} --") for panel in ("Data", "Protocol", "Methods", "Resources", "Output")
    ]
    assert positions == sorted(positions)


@pytest.mark.parametrize("name", FIELDS)
def test_files_and_functions_take_every_field(tmp_path, monkeypatch, name):
    asked = []
    monkeypatch.setattr(api._run, "start", lambda config, *_: asked.append(config) or [])
    monkeypatch.setattr(api._run, "collect", lambda jobs: [])
    value = {
        "dataset": ["here"],
        "methods": ["svd"],
        "seeds": [3],
        "protocol": {"ratio": 0.6},
        "set": {"svd": {"n_factors": 3}},
        "aggregators": ["average"],
        "groups_as": ["both"],
        "plugins": ["mine.py"],
        "executor": "ray",
        "deterministic": False,
        "references": False,
        "k": [1, 7],
        "data_dir": "there",
        "address": "here:1",
        "layout": "agree",
    }.get(name, 2)
    import tomli_w

    given = {name: value} | ({"dataset": ["here"]} if name == "layout" else {})
    (tmp_path / "run.toml").write_text(tomli_w.dumps(given))
    api.run(config=tmp_path / "run.toml", results=tmp_path)
    api.run(**given, results=tmp_path)
    assert asked[0] == asked[1] == make_config(**given)
    field, kept = ("dataset", ["here:agree"]) if name == "layout" else (name, value)
    assert getattr(asked[0], field) == kept != getattr(Config(), field)


def test_what_the_command_line_gives_wins_over_the_file_even_if_it_is_the_default(
    tmp_path, monkeypatch, shown
):
    from groupbench.runner import run

    asked = []
    monkeypatch.setattr(run, "start", lambda config, *_: asked.append(config) or [])
    (tmp_path / "run.toml").write_text("seeds = 3\nthreads = 2\nmethods = ['svd']\nn_groups = 7\n")
    call = (
        "--config",
        str(tmp_path / "run.toml"),
        "--seeds",
        "5",
        "--methods",
        "ease,als",
        "--methods",
        "slim",
    )
    shown("run", *call, "--ratio", "0.7", "--option", "group_features=shares", "--no-deterministic")
    (config,) = asked
    assert (config.seeds, config.threads, config.methods) == (5, 2, ["ease", "als", "slim"])
    assert config.protocol == {"n_groups": 7, "ratio": 0.7, "group_features": "shares"}
    assert config.deterministic is False


def test_tuning_takes_both_kinds_of_options_and_names_near_ones_of_both(tmp_path):
    for wrong, near in (("trails", "trials"), ("methds", "methods")):
        with pytest.raises(ConfigError, match=f"did you mean '{near}'"):
            api.tune(results=tmp_path, **{wrong: 3})
    with pytest.raises(ConfigError, match="trials=0"):
        api.tune("ease", results=tmp_path, trials=0)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_listing_says_what_the_command_does(shown, name):
    assert COMMANDS[name][2] in shown("--help")
    assert re.search(rf"Usage: \S*( -m \S+)? ?{name} ", shown(name, "--help"))
