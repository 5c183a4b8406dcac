"""A library in an environment of its own: the same rows, whatever becomes of the process that runs there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from copy import copy
from pathlib import Path

import numpy as np
import pytest

from groupbench.baselines._foreign import ForeignGroupRecommender, ForeignRecommender
from groupbench.baselines._foreign_library import Library
from groupbench.core import environments
from groupbench.core.environments import VARIABLE, Environment
from groupbench.core.errors import ConfigError, CrashError, MethodError
from groupbench.core.registry import methods
from tests import _toy_models

DRIVER = Path(_toy_models.__file__)


class ToyRecommender(ForeignRecommender):
    driver = _toy_models


class ToyGroupRecommender(ForeignGroupRecommender):
    driver = _toy_models


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A folder with one environment: it sees our packages, and claims to have another NumPy."""
    folder = tmp_path_factory.mktemp("environments")
    made = folder / "toy"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    (packages,) = made.glob("lib/python*/site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (packages / "toy.py").write_text("")
    for name, version in (("toy", "2.5"), ("numpy", "1.99.0")):
        found = packages / f"{name}-{version}.dist-info"
        found.mkdir()
        (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    environments.register(Environment("toy", made), [])
    return folder


@pytest.fixture
def toy(root, monkeypatch) -> Environment:
    monkeypatch.setenv(VARIABLE, str(root))
    found = environments.find("toy")
    assert found is not None
    return found


@pytest.fixture
def library(toy, monkeypatch) -> Library:
    made = Library(ToyRecommender, {})
    monkeypatch.setitem(methods.namespaces, "toy", made)
    return made


def processes(environment: Path) -> list[str]:
    """Command lines of the processes that run in an environment."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().decode())
        except OSError:
            continue
    return [line for line in found if line.startswith(str(environment))]


def wait_for(condition) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_is_in_it_is_known(library, toy):
    entry = library.entry("Half")
    assert (entry.version, entry.environment["numpy"], entry.environment["toy"]) == ("2.5", "1.99.0", "2.5")
    assert entry.environment["python"] == ".".join(map(str, sys.version_info[:3]))
    assert entry.parameters() == {"k": 3, "rate": 0.5}
    assert [made.name for made in environments.environments()] == ["toy"]


def test_another_version_is_noticed(library, toy):
    (packages,) = toy.folder.glob("lib/python*/site-packages")
    more = packages / "more-1.dist-info"
    more.mkdir()
    (more / "METADATA").write_text("Metadata-Version: 2.1\nName: more\nVersion: 1\n")
    try:
        assert library.entry("Half").environment["more"] == "1"
    finally:
        (more / "METADATA").unlink()
        more.rmdir()
    assert "more" not in library.entry("Half").environment


def test_it_scores_as_it_would_here(library, toy, training):
    made = library.entry("Half").create(k=5).fit(training, rng=np.random.default_rng(0))
    users = np.array([3, 0, training.ratings.n_users - 1])
    expected = _toy_models._Fitted(training.ratings.n_items, k=5).score(users)
    scores = made.score(users)
    assert np.array_equal(scores[:2, 1::2], expected[:2, 1::2])
    assert (scores[:2, ::2] < scores[:2, 1::2].min()).all()
    assert (scores[2] == 0).all()
    again = copy(made)
    assert np.array_equal(again.score(users), scores)


def test_groups_go_there_too(toy, training, monkeypatch):
    made = Library(ToyGroupRecommender, {})
    monkeypatch.setitem(methods.namespaces, "toy", made)
    fitted = made.entry("Group").create().fit(training, rng=np.random.default_rng(0))
    scores = fitted.score_groups(training.groups)
    assert scores[:, 1].tolist() == [len(training.groups[g]) for g in range(len(training.groups))]
    again = copy(fitted)
    assert np.array_equal(again.score_groups(training.groups), scores)


def test_its_process_and_folder_end_with_the_model(library, toy, training, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = library.entry("Half").create().fit(training, rng=np.random.default_rng(0))
    assert processes(toy.folder)
    assert len(list(tmp_path.iterdir())) == 1
    del made
    wait_for(lambda: not processes(toy.folder))
    assert not list(tmp_path.iterdir())


def test_its_memory_counts(library, training, monkeypatch):
    peaks = []
    monkeypatch.setattr("groupbench.core.environments._process.add_peak", peaks.append)
    library.entry("Half").create().fit(training, rng=np.random.default_rng(0)).score(np.array([0]))
    assert len(peaks) == 3
    assert min(peaks) >= 0


@pytest.mark.parametrize(
    ("model", "error", "text"),
    [
        ("Lacks", MethodError, "Lacks needs more libraries: No module named 'dgl'; install them"),
        ("Fails", MethodError, "ValueError: k is too small"),
        ("Hungry", MemoryError, "no 9 GiB"),
        ("Full", OSError, "No space left on device"),
        ("Leaves", CrashError, "the process left with exit status 3 in the middle of the job"),
        ("Crashes", CrashError, r"the process was ended by SIGSEGV \(a crash in compiled code\)"),
        ("Killed", CrashError, r"the process was ended by SIGKILL \(out of memory\?\)"),
    ],
)
def test_what_goes_wrong_there_is_an_error_here(library, training, model, error, text):
    with pytest.raises(error, match=text):
        library.entry(model).create().fit(training, rng=np.random.default_rng(0))


def _rows(statuses, cli) -> dict[str, tuple[str, str]]:
    found = statuses(cli.folder / "results")
    return {name: (status, why.removeprefix("simulated data; ")) for name, (status, why) in found.items()}


def test_jobs_have_the_rows_that_they_would_have_here(cli, plugins, statuses, root):
    names = ("Half", "Fails", "Hungry", "Leaves", "Crashes", "Killed")
    asked = ",".join(f"toy:{name}" for name in names)
    call = ("run", "--plugin", plugins / "toy.py", "--methods", asked, "--seeds", "1", "--jobs", "2")
    ended = cli(*call, GROUPBENCH_ENVIRONMENTS=str(root))
    assert ended.returncode == 1, ended.stderr
    found = _rows(statuses, cli)
    assert {name: found[f"toy:{name}@2.5"] for name in names} == {
        "Half": ("done", "simulated data"),
        "Fails": ("failed", "ValueError: k is too small"),
        "Hungry": ("failed", "MemoryError: no 9 GiB"),
        "Leaves": ("killed", "the process left with exit status 3 in the middle of the job"),
        "Crashes": ("killed", "the process was ended by SIGSEGV (a crash in compiled code)"),
        "Killed": ("killed", "the process was ended by SIGKILL (out of memory?)"),
    }
    (file,) = cli.folder.glob("results/runs/*/*/toy*Half*/*/run.json")
    record = json.loads(file.read_text())
    assert record["environment"]["method_environment"]["numpy"] == "1.99.0"
    assert record["environment"]["packages"]["numpy"] == np.__version__
    assert len(record["config"]["code"]["method_environment"]) == 16
    assert not processes(root)


def test_a_job_that_hangs_there_times_out_and_nothing_is_left(cli, plugins, statuses, root):
    call = ("run", "--plugin", plugins / "toy.py", "--methods", "toy:Hangs", "--seeds", "1", "--timeout", "8")
    cli(*call, "--no-references", GROUPBENCH_ENVIRONMENTS=str(root))
    assert _rows(statuses, cli)["toy:Hangs@2.5"] == (
        "timeout",
        "no result after 8 s; raise --timeout to give it longer",
    )
    wait_for(lambda: not processes(root))


_FITS = """
import sys
from pathlib import Path
from groupbench.core.environments import EnvironmentProcess
process = EnvironmentProcess(Path(sys.argv[1]), Path(sys.argv[2]))
print("started", flush=True)
process.fit("Hangs", {}, 0, {"n_items": 3})
"""


def test_it_does_not_outlive_a_process_that_is_killed(toy):
    command = [sys.executable, "-c", _FITS, toy.program, DRIVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "started\n"
        wait_for(lambda: processes(toy.folder))
        parent.kill()
    wait_for(lambda: not processes(toy.folder))


def test_python_that_does_not_start_says_so(toy, tmp_path):
    with pytest.raises(MethodError, match="python does not start: No such file or directory; make the env"):
        environments.EnvironmentProcess(tmp_path / "python", DRIVER)
    broken = environments.register(Environment("broken", tmp_path), [])
    with pytest.raises(
        ConfigError, match=r"environment broken .* does not work: .*groupbench env remove broken"
    ):
        broken.described(DRIVER)


def test_environments_are_listed_and_removed(call, tmp_path, monkeypatch, library):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    assert (
        call("groupbench env list")[1] == "there is no environment; make one: groupbench env make recbole\n"
    )
    status, said = call("groupbench env remove recbole")
    assert (status, said) == (2, "groupbench: there is no environment recbole; see groupbench env list\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "toy").mkdir()
    environments.register(Environment("toy", tmp_path / "toy"), [])
    assert "toy: environment toy (" in call("groupbench env list")[1]
    assert call("groupbench env remove toy") == (0, f"{tmp_path / 'toy'} is removed\n")
    assert not (tmp_path / "toy").exists()
    assert call("groupbench env remove ..")[0] == 2


def test_what_is_there_is_not_made_again(call, library):
    status, said = call("groupbench env make toy")
    assert status == 2
    assert "environment toy is there already; remove it first: groupbench env remove toy" in said
    assert "unknown library 'toi'; did you mean 'toy'" in call("groupbench env make toi")[1]


def test_what_cannot_be_installed_leaves_nothing(call, library, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    status, said = call("groupbench env make toy --python", str(tmp_path / "python"))
    assert status == 2
    assert "No such file or directory; give another --python" in said
    assert not os.listdir(tmp_path)
