"""Whatever lies in a file of data, options or results: the right answer or a typed error, and no hang."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbench import api
from groupbench.core.errors import DatasetError, GroupbenchError, ResultError
from groupbench.data.loading import Card, Source, load
from groupbench.report.compare import compare_frame
from groupbench.results import store
from groupbench.runner.config import make_config

pytestmark = pytest.mark.slow

INPUTS = settings(
    max_examples=200,
    deadline=10_000,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)
"""200 inputs a reader, the same ones in every session; one that takes 10 s counts as a hang."""

FOLDER = {
    "ratings.csv": "user,item,rating,timestamp\n"
    + "".join(f"u{n % 5},i{n // 5},{n % 4 + 1},{n}\n" for n in range(20)),
    "groups.csv": "group,user\ng1,u0\ng1,u1\ng2,u2\ng2,u3\n",
    "group_ratings.csv": "group,item,rating\ng1,i0,3\ng2,i1,4\n",
    "users.csv": "user,age,city\nu0,20,Rome\nu1,30,Oslo\n",
    "items.csv": 'item,genres,title\ni0,War|Drama,the red fox\ni1,War,"a ""blue"" wolf"\n',
    "dataset.toml": 'name = "mine"\nscale = [1, 5]\ncitation = "Me"\n',
}

OPTIONS = """methods = ["svd", "random"]
dataset = "itmrec-sim"
seeds = [0, 3]
jobs = 2
timeout = 60.5
[protocol]
name = "paper"
ratio = 0.7
tau = 4.0
[set.svd]
n_factors = 5
"""


def answers(reader, *arguments, **options):
    """What `reader` returns, or None if it refuses with a typed error; any other is a test that fails."""
    with suppress(GroupbenchError):
        return reader(*arguments, **options)
    return None


@pytest.mark.parametrize("file", FOLDER)
def test_a_folder_of_data(tmp_path, mutated, file):
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(text)
    assert load(tmp_path).name == "mine"

    @INPUTS
    @given(mutated(FOLDER[file].encode()))
    def reads(data):
        (tmp_path / file).write_bytes(data)
        found = answers(load, tmp_path)
        if found is not None:
            assert np.isfinite(found.ratings.values).all()
            low, high = found.scale
            assert ((found.ratings.values >= low) & (found.ratings.values <= high)).all()
            assert len(set(found.user_ids)) == found.ratings.n_users

    reads()


def test_an_archive(tmp_path, mutated):
    where = shutil.make_archive(str(tmp_path / "toy"), "zip", _files(tmp_path / "files"))
    whole = Path(where).read_bytes()

    @INPUTS
    @given(mutated(whole))
    def reads(data):
        Path(where).write_bytes(data)
        source = Source(Card("toy"), Path(where))
        try:
            for name in FOLDER:
                found = answers(source.read, name)
                assert found is None or found == FOLDER[name].encode()
        finally:
            source.close()

    reads()


def test_nesting_without_end_and_a_quote_that_never_closes(tmp_path):
    _files(tmp_path / "data")
    (tmp_path / "data" / "dataset.toml").write_text("scale = " + "[" * 5000)
    with pytest.raises(DatasetError, match=r"dataset\.toml: .*recursion"):
        load(tmp_path / "data")
    (tmp_path / "data" / "dataset.toml").write_text("")
    (tmp_path / "data" / "ratings.csv").write_text('user,item,rating\nu,a,1\nv,"' + "x" * 200_000)
    with pytest.raises(DatasetError, match=r"ratings\.csv.*quote"):
        load(tmp_path / "data")
    (tmp_path / "run.json").write_text("[" * 100_000)
    with pytest.raises(ResultError, match=r"run\.json is not a run record"):
        store.read(tmp_path)


def _files(folder: Path) -> Path:
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text)
    return folder


def test_a_config_file(tmp_path, mutated):
    file = tmp_path / "run.toml"

    @INPUTS
    @given(mutated(OPTIONS.encode()))
    def reads(data):
        file.write_bytes(data)
        config = answers(make_config, file)
        if config is not None:
            answers(config.method_names)
            answers(config.resolved_protocol)
            assert min(config.seed_list()) >= 0

    reads()


@pytest.fixture(scope="module")
def one_result(tmp_path_factory, call):
    """A results folder with one job of two methods each."""
    folder = tmp_path_factory.mktemp("fuzz")
    ended = call(folder, "run", "--methods", "random,popularity", "--seeds", "2", "-j", "1")
    assert ended.returncode == 0, ended
    return folder / "results"


def shows(results: Path) -> None:
    """Read and show a results folder in every way."""
    answers(api.load_results, results)
    answers(api.table, results, views="all", aggregator="all", ties="all")
    answers(api.table, results, significance=True)
    answers(lambda: compare_frame(results, api.load_records(results), "random", "popularity"))


def test_the_bytes_of_a_record(one_result, mutated):
    file = next(one_result.glob("runs/*/*/random/*/run.json"))
    whole = file.read_bytes()

    @INPUTS
    @given(mutated(whole))
    def reads(data):
        file.write_bytes(data)
        shows(one_result)

    try:
        reads()
    finally:
        file.write_bytes(whole)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def test_the_values_of_a_record(one_result):
    file = next(one_result.glob("runs/*/*/random/*/run.json"))
    whole = file.read_bytes()

    @INPUTS
    @given(st.data())
    def reads(data):
        held = json.loads(whole)
        for _ in range(data.draw(st.integers(1, 3))):
            _replace_one(held, data.draw)
        file.write_text(json.dumps(held))
        shows(one_result)

    try:
        reads()
    finally:
        file.write_bytes(whole)


def _replace_one(held, draw) -> None:
    """Put junk into the place of one value, at any depth."""
    while held:
        keys = sorted(held) if isinstance(held, dict) else range(len(held))
        key = draw(st.sampled_from(keys))
        if not isinstance(held[key], dict | list) or draw(st.integers(0, 4)) == 0:
            held[key] = draw(JUNK)
            return
        held = held[key]


@pytest.mark.parametrize("name", ["entities", "groups"])
def test_the_tables_beside_a_record(one_result, mutated, name):
    file = next(one_result.glob(f"runs/*/*/random/*/{name}.parquet"))
    whole = file.read_bytes()

    @INPUTS
    @given(mutated(whole))
    def reads(data):
        file.write_bytes(data)
        answers(api.table, one_result, significance=True)

    try:
        reads()
    finally:
        file.write_bytes(whole)
