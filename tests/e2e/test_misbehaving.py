"""A method that breaks costs its own job alone: its row says why, the others stay, it is tried again."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

REASONS = {
    "raises": ("failed", "RuntimeError: first line "),
    "unspeakable": ("failed", "Wordless: <exception str() failed>"),
    "leaves": ("failed", "SystemExit: 0"),
    "interrupts": ("failed", "KeyboardInterrupt"),
    "exits": ("killed", "exit status 3"),
    "exits-but-forked": ("killed", "exit status 3"),
    "segfaults": ("killed", "SIGSEGV"),
    "killed": ("killed", "SIGKILL (out of memory?)"),
    "killed-strangely": ("killed", "the process was ended by signal "),
    "hungry": ("failed", "MemoryError"),
    "nan": ("failed", "NaN or infinite; return finite scores"),
    "infinite": ("failed", "NaN or infinite; return finite scores"),
    "transposed": ("failed", "scores of shape ("),
    "objects": ("failed", "object scores; return floats"),
    "nothing": ("failed", "scores of shape ()"),
    "ragged": ("failed", "ValueError"),
    "bad-groups": ("failed", "scores of shape (20,) instead of (20, 70)"),
    "writes-input": ("failed", "read-only"),
}
HANGS_UP = "hangs-up"
WORKING = ("forces-input", "ints", "prints", "closes-output", "forks", "meddles")
NEIGHBOURS = ("random", "svd")
JOB_LINE = re.compile(r"^\[ *\d+/\d+\] (\S+)", flags=re.MULTILINE)
"""How a job's end is shown, and its status; the longer a run takes, the more other lines there are."""


@pytest.fixture(scope="module")
def wreck(tmp_path_factory, command_in, plugins):
    """All misbehaving methods in one run next to two that behave: the command, the call and how it ended."""
    command = command_in(tmp_path_factory.mktemp("wreck"))
    methods = ",".join([*REASONS, HANGS_UP, *WORKING, *NEIGHBOURS])
    plugin = plugins / "misbehaving.py"
    call = ("run", "--plugin", plugin, "--methods", methods, "--seeds", "1", "--jobs", "4")
    return command, call, command(*call)


def _folder(results: Path, method: str) -> Path:
    (file,) = results.glob(f"runs/*/*/{method}/*/run.json")
    return file.parent


def test_the_run_ends_with_status_1_and_counts(wreck, statuses):
    command, _, ended = wreck
    assert ended.returncode == 1
    total = len(REASONS) + 1 + len(WORKING) + len(NEIGHBOURS)
    failed = sum(status != "done" for status, _ in statuses(command.folder / "results").values())
    assert failed - len(REASONS) in (0, 1)  # What hangs up may or may not have written its record whole.
    assert f"{total} jobs: {total} run, 0 already there, {failed} failed" in ended.stdout
    assert ended.stderr == ""
    assert len(JOB_LINE.findall(ended.stdout)) == total


def test_a_worker_that_hangs_up_is_done_if_it_wrote_its_record_whole_and_killed_otherwise(wreck, statuses):
    command, _, ended = wreck
    line = next(line for line in ended.stdout.splitlines() if f"  {HANGS_UP}  seed 0" in line)
    status, reason = statuses(command.folder / "results")[HANGS_UP]
    assert status in ("done", "killed")
    assert ("killed" in line) == (status == "killed")
    assert ("the process " in line) == ("the process " in reason) == (status == "killed")


def test_what_is_no_method_is_refused_before_any_job(cli, plugins):
    plugin = plugins / "misbehaving.py"
    said = cli.refused("run", "--plugin", plugin, "--methods", "no-method,random", "--seeds", "1")
    assert re.search(r"method no-method is no Recommender or GroupRecommender; .*misbehaving\.py:\d+", said)


@pytest.mark.parametrize("name", REASONS)
def test_its_row_says_what_happened(wreck, statuses, name):
    command, _, ended = wreck
    status, reason = REASONS[name]
    found, why = statuses(command.folder / "results")[name]
    assert found == status
    assert reason in why
    assert why.isprintable()
    assert len(why) <= 600
    line = next(line for line in ended.stdout.splitlines() if f"  {name}  seed 0  " in line)
    assert status in line
    assert reason in line


def test_a_method_that_is_only_rude_gets_figures(wreck, outcomes):
    command, _, _ = wreck
    found = outcomes(command.folder / "results", *WORKING)
    assert {held[1] for held in found.values()} == {"done"}
    figures = {name: held[2] for (name, _), held in found.items()}
    assert len(figures) == len(WORKING)
    assert len({figures[name] for name in WORKING if name != "forces-input"}) == 1


def test_the_others_figures_are_the_same(wreck, finished, outcomes):
    command, _, _ = wreck
    alone = {place: held for place, held in outcomes(finished, *NEIGHBOURS).items() if place[1] == 0}
    assert outcomes(command.folder / "results", *NEIGHBOURS) == alone


def test_what_it_prints_is_in_its_log(wreck):
    command, _, _ = wreck
    results = command.folder / "results"
    log = (_folder(results, "prints") / "log.txt").read_text()
    assert (log.count("out\n"), log.count("err\n")) == (500_000, 500_000)
    assert "misbehaving.py" in (_folder(results, "raises") / "log.txt").read_text()
    assert not (_folder(results, "svd") / "log.txt").exists()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_nothing_that_it_started_is_left(wreck):
    assert _left(wreck[0].folder) == []


def test_only_what_failed_is_tried_again(wreck):
    command, _, _ = wreck
    few = ("raises", "nan", "ints", "svd")
    plugin = wreck[1][2]
    before = _folder(command.folder / "results", "nan") / "run.json"
    stamp = before.stat().st_mtime_ns
    again = command("run", "--plugin", plugin, "--methods", ",".join(few), "--seeds", "1", "--json")
    said = json.loads(again.stdout)
    assert (again.returncode, said["ran"]) == (1, 2)
    assert {job["method"]: job["status"] for job in said["jobs"]} == {
        "raises": "failed",
        "nan": "failed",
        "ints": "done",
        "svd": "done",
    }
    assert before.stat().st_mtime_ns > stamp
    assert JOB_LINE.findall(again.stderr) == ["failed", "failed"]


def test_neighbours_in_the_same_worker_see_no_change(cli, plugins, finished, outcomes):
    call = ("run", "--plugin", plugins / "misbehaving.py", "--seeds", "1", "--jobs", "1")
    ended = cli(*call, "--methods", "forces-input,meddles,item-mean,svd")
    first = re.findall(r"  ([\w-]+)  seed 0", ended.stdout)[:2]
    assert first == ["forces-input", "meddles"]
    same = {place: held for place, held in outcomes(finished, "item-mean", "svd").items() if place[1] == 0}
    assert outcomes(cli.folder / "results", "item-mean", "svd") == same


def test_a_hanging_method_is_ended_in_time(cli, plugins, statuses):
    results = cli.folder / "results"
    assert cli("run", "--methods", "random", "--seeds", "1").returncode == 0
    call = ("run", "--plugin", plugins / "misbehaving.py", "--seeds", "1", "--timeout", "3", "--jobs", "2")
    ended = cli(*call, "--methods", "random,waits,computes-for-ever")
    assert ended.returncode == 1
    found = statuses(results)
    for name in ("waits", "computes-for-ever"):
        assert found[name] == (
            "timeout",
            "simulated data; no result after 3 s; raise --timeout to give it longer",
        )
    assert found["random"][0] == "done"
    assert _left(cli.folder) == []


def test_a_killed_run_takes_a_method_along_that_cannot_look(cli, plugins):
    call = ("run", "--plugin", plugins / "misbehaving.py", "--seeds", "1", "--jobs", "1")
    with cli.running(*call, "--methods", "computes-for-ever") as process:
        assert _wait(lambda: "left-by-forks" in " ".join(_left(cli.folder)))
        process.kill()
    assert _wait(lambda: _left(cli.folder) == [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("1 / 0\n", "broken.py:1"),
        ("def f(:\n", "SyntaxError"),
        ("import sys; sys.exit(0)\n", "SystemExit"),
        (
            "from groupbench import method\n@method('svd')\ndef f(): pass\n",
            "'svd' is built in; choose another name in ",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused(cli, text, said):
    (cli.folder / "broken.py").write_text(text)
    message = cli.refused("run", "--plugin", "broken.py", "--methods", "random", "--seeds", "1")
    assert said in message
    assert not (cli.folder / "results").exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x: int = 1\n    def __post_init__(self): raise RuntimeError('no')", "RuntimeError: no"),
        ("relative_cost = 'high'", "relative_cost='high' is no number"),
        ("score = Recommender.score", "unmade has no score"),
    ],
)
def test_a_method_that_cannot_be_made_is_refused(cli, body, said):
    (cli.folder / "unmade.py").write_text(
        "from dataclasses import dataclass\nfrom groupbench import method, Recommender\n"
        "@method('unmade')\n@dataclass\nclass Unmade(Recommender):\n"
        f"    fit = lambda self, train, *, rng: self\n    score = fit\n    {body}\n"
    )
    message = cli.refused("run", "--plugin", "unmade.py", "--methods", "random,unmade", "--seeds", "1")
    assert "unmade" in message
    assert said in message


def _left(folder: Path) -> list[str]:
    """Command lines of processes of runs in `folder` that are still there, workers and what they started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            mine = entry.name.isdigit() and (entry / "cwd").resolve() == folder.resolve()
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode() if mine else ""
        except OSError:
            continue
        if "groupbench.runner.worker" in line or "left-by-forks" in line:
            found.append(line)
    return found


def _wait(holds, within: float = 300.0) -> bool:
    end = time.monotonic() + within
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(holds())
