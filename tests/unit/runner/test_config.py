"""Options and TOML files become one checked config."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from groupbench.core.errors import ConfigError
from groupbench.runner.config import Config, make_config
from groupbench.runner.notation import parse_options, parse_set


@pytest.fixture
def file(tmp_path):
    """Writes a TOML file and returns its path."""

    def write(text: str):
        path = tmp_path / "run.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_defaults():
    config = make_config()
    assert (config.methods, config.dataset) == (["all"], ["itmrec-sim"])
    assert config.seed_list() == [0, 1, 2, 3, 4]
    assert config.resolved_protocol().label == "paper"
    assert config == make_config(methods=None, seeds=None, protocol=None)


def test_options_win_over_the_file_key_by_key(file):
    path = file(
        "methods = 'svd'\nseeds = [3, 1, 3]\ntimeout = 5\n[protocol]\nratio = 0.7\ntau = 4\n"
        "[set.svd]\nn_factors = 5\nn_epochs = 9\n"
    )
    config = make_config(path, timeout=7.0, protocol={"ratio": 0.9}, set={"svd": {"n_epochs": 2}})
    assert config.methods == ["svd"]
    assert config.seed_list() == [3, 1]
    assert config.timeout == 7.0
    assert config.protocol == {"ratio": 0.9, "tau": 4}
    assert config.set == {"svd": {"n_factors": 5, "n_epochs": 2}}
    assert config.resolved_protocol().label == "paper+ratio=0.9+tau=4.0"


def test_the_protocol_may_be_a_name_with_its_usual_options_beside_it(file):
    path = file("protocol = 'coupled'\nn_groups = 30\nratio = 0.7\n")
    config = make_config(path, ratio=0.6, option=["sizes=[2, 3]"])
    assert config.protocol == {"name": "coupled", "n_groups": 30, "ratio": 0.6, "sizes": [2, 3]}
    assert make_config(protocol={"name": "coupled"}, tau=4) == make_config(
        protocol={"name": "coupled", "tau": 4}
    )


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"methods": "svd, random"}, {"methods": ["svd", "random"]}),
        ({"seeds": "0,3"}, {"seeds": [0, 3]}),
        ({"seeds": "3,"}, {"seeds": [3]}),
        ({"seeds": "3"}, {"seeds": 3}),
        ({"set": ["svd.n_factors=5"]}, {"set": {"svd": {"n_factors": 5}}}),
        ({"groups_as": "rows,both"}, {"groups_as": ["rows", "both"]}),
        ({"data_dir": Path("here"), "plugins": [Path("a.py")]}, {"data_dir": "here", "plugins": ["a.py"]}),
    ],
)
def test_what_the_command_line_gives_as_text_any_caller_may(options, same):
    assert make_config(**options) == make_config(**same)


def test_method_names_are_expanded_once_and_in_order():
    assert make_config(methods=["svd", "random", "svd"]).method_names() == ["svd", "random"]
    every = make_config(methods=["svd", "all"]).method_names()
    assert every[0] == "svd"
    assert len(every) == len(set(every)) > 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": ["svd"]}, "unknown key 'method'; did you mean 'methods'"),
        ({"seeds": 0}, "at least one seed"),
        ({"seeds": [0, -1]}, "0 or higher"),
        ({"seeds": 1.5}, "seeds=1.5"),
        ({"methods": []}, "name at least one"),
        ({"jobs": 0}, "jobs=0"),
        ({"timeout": float("inf")}, "finite"),
        ({"protocol": 3}, "protocol=3"),
        ({"seeds": "many"}, "seeds=many: give a number of seeds"),
        ({"set": ["svd"]}, "METHOD.PARAMETER=VALUE"),
        ({"rato": 0.5}, "did you mean 'ratio'"),
        ({"tuned": {"svd": {"dataset": "d"}}}, "tuned.svd.protocol="),
    ],
)
def test_wrong_values_are_named(options, said):
    with pytest.raises(ConfigError, match=said):
        make_config(**options)


def test_a_wrong_file_is_blamed_even_where_an_option_covers_it(file):
    with pytest.raises(ConfigError, match=r"run\.toml: seeds=0"):
        make_config(file("seeds = 0"), seeds=3)
    with pytest.raises(ConfigError, match=r"^seeds=0"):
        make_config(file("seeds = 3"), seeds=0)


def test_hyperparameters_of_a_method_that_is_not_run():
    with pytest.raises(ConfigError, match="'svdpp'; did you mean 'svd'"):
        make_config(methods=["svd"], set={"svdpp": {"n_factors": 3}}).method_names()


def test_hyperparameters_that_were_tuned_may_be_of_a_method_that_is_not_run():
    tuned = {
        "dataset": "d",
        "protocol": "paper",
        "seed": 0,
        "repeats": 1,
        "view": "v",
        "metric": "ndcg@10",
        "aggregator": "average",
        "trials": 20,
        "failed": 0,
        "seconds": 1,
        "value": 0.5,
        "digest": "a",
    }
    options = {"methods": ["svd"], "set": {"svdpp": {"n_factors": 3}}}
    assert make_config(**options, tuned={"svdpp": tuned}).method_names() == ["svd"]
    with pytest.raises(ConfigError, match="'svdpp'"):
        make_config(**options, tuned={"svd": tuned}).method_names()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("0.5", 0.5),
        ("true", True),
        ("'a b'", "a b"),
        ("cosine", "cosine"),
        ("[1, 2]", [1, 2]),
        ("", ""),
        ("a=b", "a=b"),
    ],
)
def test_values_are_toml_or_else_text(text, value):
    assert parse_set([f"my-knn.x={text}"]) == {"my-knn": {"x": value}}
    assert parse_options([f"x={text}"]) == {"x": value}


def test_set_collects_by_method():
    assert parse_set(["a.x=1", "b.x=2", "a.y=3"]) == {"a": {"x": 1, "y": 3}, "b": {"x": 2}}


def test_what_is_set_twice_is_refused():
    with pytest.raises(ConfigError, match=r"--set a\.x=4: a\.x is set twice; set it once"):
        parse_set(["a.x=1", "b.x=2", "a.x=4"])


@pytest.mark.parametrize("text", ["svd", "svd.n", "n=3", ".n=3", "svd.=3", ""])
def test_malformed_set(text):
    with pytest.raises(ConfigError, match=r"METHOD\.PARAMETER=VALUE"):
        parse_set([text])


@pytest.mark.parametrize("text", ["x", "=3", ""])
def test_malformed_option(text):
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        parse_options([text])


def test_a_config_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Config().jobs = 3


def test_paths_are_names_and_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a,b").mkdir()
    assert make_config(dataset=tmp_path / "a,b").dataset == [str(tmp_path / "a,b")]
    assert make_config(dataset=[tmp_path, "itmrec-sim"]).dataset == [str(tmp_path), "itmrec-sim"]
    (tmp_path / "c.toml").write_text("dataset = ['~/data']\ndata_dir = '~/files'\nplugins = ['~/p.py']\n")
    config = make_config("~/c.toml")
    assert (config.dataset, config.data_dir) == ([f"{tmp_path}/data"], f"{tmp_path}/files")
    assert config.plugins == [f"{tmp_path}/p.py"]
    with pytest.raises(ConfigError, match="no such home folder"):
        make_config(dataset="~no-such-user-at-all/data")


@pytest.mark.timeout(60)
def test_a_pipe_is_no_config(tmp_path):
    os.mkfifo(tmp_path / "c.toml")
    with pytest.raises(ConfigError, match="this is a pipe or a device, not a file; it must be a TOML file"):
        make_config(tmp_path / "c.toml")
