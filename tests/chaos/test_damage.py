"""Results that were damaged, left half, written by two at once or by an older version; clocks that jump."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.results import store

ASKED = ("run", "--methods", "random,popularity", "--seeds", "2", "-j", "1")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory, call) -> Path:
    """A results folder with four jobs done."""
    folder = tmp_path_factory.mktemp("whole")
    ended = call(folder, *ASKED)
    assert ended.returncode == 0, ended
    return folder / "results"


@pytest.fixture
def results(whole, tmp_path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "results"))


def jobs(results: Path) -> list[Path]:
    return sorted(file.parent for file in results.glob("runs/*/*/*/*/run.json"))


def contents(results: Path) -> dict[str, object]:
    """All that does not depend on time and machine."""
    held: dict[str, object] = {}
    for folder in jobs(results):
        place = str(folder.relative_to(results))
        held[place] = store.read(folder).metrics
        held |= {f"{place}/{file.name}": file.read_bytes() for file in folder.glob("*.parquet")}
    return held


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def filled_with_nothing(file: Path) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def made_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("name", ["run.json", "entities.parquet", "top.parquet"])
@pytest.mark.parametrize("damage", [cut_off, filled_with_nothing, emptied])
def test_a_damaged_file_is_found_and_its_job_alone_done_again(whole, results, call, name, damage):
    spoilt, *others = jobs(results)
    before = {folder: (folder / "run.json").stat().st_mtime_ns for folder in others}
    damage(spoilt / name)
    ended = call(results.parent, *ASKED)
    assert "4 jobs: 1 run, 3 already there, 0 failed" in ended.stdout, ended
    assert ended.stdout.count("its job is done again") == 1
    assert f"{spoilt / name} is damaged, or of another version; its job is done again" in ended.stdout
    assert {folder: (folder / "run.json").stat().st_mtime_ns for folder in others} == before
    assert contents(results) == contents(whole)


@pytest.mark.parametrize("damage", [cut_off, filled_with_nothing, emptied, made_a_folder])
@pytest.mark.parametrize("command", [("table",), ("compare", "random", "popularity")])
def test_a_damaged_record_is_named(results, call, damage, command):
    spoilt = jobs(results)[0] / "run.json"
    damage(spoilt)
    ended = call(results.parent, *command)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert str(spoilt.relative_to(results.parent)) in ended.stderr
    remedy = "move it away" if damage is made_a_folder else "delete the folder or run the job again"
    assert remedy in ended.stderr


@pytest.mark.parametrize("damage", [cut_off, filled_with_nothing, emptied, made_a_folder])
def test_a_damaged_table_is_named_where_it_is_needed(results, call, damage):
    spoilt = jobs(results)[0] / "entities.parquet"
    damage(spoilt)
    ended = call(results.parent, "compare", "random", "popularity")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert str(spoilt.relative_to(results.parent)) in ended.stderr


def test_what_a_killed_writer_left_is_removed_by_the_next_one(results, call):
    folder = jobs(results)[0]
    (folder / ".entities.parquet.0123.tmp").write_bytes(b"PAR1 half")
    (folder / "run.json").rename(folder / ".run.json.4567.tmp")
    assert "1 run, 3 already there" in call(results.parent, *ASKED).stdout
    assert {f.name for f in folder.iterdir()} == {
        "run.json",
        "entities.parquet",
        "groups.parquet",
        "top.parquet",
    }


def test_what_a_kill_left_beside_finished_jobs_is_removed_at_the_next_start(results, call):
    first, second, *_ = jobs(results)
    (first / "log.txt").touch()
    (first / ".entities.parquet.0123.tmp").write_bytes(b"PAR1 half")
    (second / "log.txt").write_text("said something\n")
    ended = call(results.parent, *ASKED)
    assert "0 run, 4 already there" in ended.stdout
    assert "damaged" not in ended.stdout
    assert {f.name for f in first.iterdir()} == {
        "run.json",
        "entities.parquet",
        "groups.parquet",
        "top.parquet",
    }
    assert (second / "log.txt").read_text() == "said something\n"


def test_a_failure_is_not_written_over_the_success_of_another_run(results):
    folder = jobs(results)[0]
    held = store.read(folder)
    store.write(folder, replace(held, status="killed", reason="out of memory", metrics=()))
    assert store.read(folder) == held
    cut_off(folder / "entities.parquet")
    store.write(folder, replace(held, status="killed", reason="out of memory", metrics=()))
    assert store.read(folder).status == "killed"


WRITER = """
import sys, json
from dataclasses import replace
from pathlib import Path
import pyarrow as pa
from groupbench.results import store
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
record = replace(store.RunRecord.from_json(Path(sys.argv[3]).read_text()), seed=seed)
tables = {name: pa.table({"seed": [seed] * 1000}) for name in ("entities", "groups", "top")}
for _ in range(40):
    store.write(folder, record, tables)
"""


def test_two_writers_never_mix_their_files(results, tmp_path):
    folder, model = tmp_path / "job", jobs(results)[0] / "run.json"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, folder, str(seed), model], stderr=subprocess.PIPE)
        for seed in (1, 2, 3)
    ]
    for writer in writers:
        assert (writer.communicate(timeout=600)[1], writer.returncode) == (b"", 0)
        seed = store.read(folder).seed
    assert {f.name for f in folder.iterdir()} == {
        "run.json",
        "entities.parquet",
        "groups.parquet",
        "top.parquet",
    }
    for file in folder.glob("*.parquet"):
        assert set(pq.read_table(file)["seed"].to_pylist()) == {seed}


def test_two_runs_that_ask_for_different_things_share_a_folder(whole, launch, tmp_path):
    one = ("run", "--methods", "random,popularity", "--seeds", "2", "-j", "2")
    other = ("run", "--methods", "popularity,item-mean", "--seeds", "1", "-j", "2")
    with launch(tmp_path, *one) as first, launch(tmp_path, *other) as second:
        said = [process.communicate(timeout=600) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    held = contents(tmp_path / "results")
    assert {place: held[place] for place in contents(whole)} == contents(whole)
    assert len(jobs(tmp_path / "results")) == 5
    assert not list(tmp_path.rglob("*.tmp"))


def test_results_of_the_first_layout_are_shown_and_not_run_again(whole, results, call):
    for folder in jobs(results):
        held = json.loads((folder / "run.json").read_text())
        del held["tuning"], held["joules"]
        (folder / "run.json").write_text(json.dumps({**held, "schema": 1}))
    assert api.table(results).drop(columns="joules").equals(api.table(whole).drop(columns="joules"))
    assert "0 run, 4 already there" in call(results.parent, *ASKED).stdout


def test_results_of_a_later_layout_are_named_and_left_alone_by_readers(results, call):
    file = jobs(results)[0] / "run.json"
    later = json.dumps({**json.loads(file.read_text()), "schema": store.SCHEMA + 1, "colour": "red"})
    file.write_text(later)
    ended = call(results.parent, "table")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert f"record layout {store.SCHEMA + 1} instead of 1 to {store.SCHEMA}" in ended.stderr
    assert file.read_text() == later


@pytest.mark.parametrize(
    "finished", ["1970-01-01T00:00:00.000+00:00", "2999-12-31T23:59:59.999+00:00", "", "yesterday"]
)
def test_a_clock_that_jumps_loses_no_job_and_moves_no_figure(whole, results, call, finished):
    for folder in jobs(results)[::2]:
        store.write(folder, replace(store.read(folder), finished=finished))
    assert api.table(results).equals(api.table(whole))
    assert "0 run, 4 already there" in call(results.parent, *ASKED).stdout
