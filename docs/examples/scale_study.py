"""The scale study: `python docs/examples/scale_study.py OUT.csv SIZE [options of groupbench run]`.

Runs every method on the data set `scale-SIZE`, one after the other, and adds a line for each to OUT.csv: what
it took in seconds, and the most memory of the command and all its processes (proportional set size).
`python docs/examples/scale_study.py plot IN.csv OUT.svg` draws it.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

ASKED = [
    "--groups=natural",
    "--groups-as=members",
    "--aggregators=average",
    "--seeds=1",
    "--no-references",
    "-j1",
    "--timeout=7200",
]
SMALL = {"interactions": "false", "ensemble": 1, "batch_size": 65536, "epochs": 3, "refit": "false"}
SPARSE = {"batch_size": 2048, "epochs": 3, "refit": "false", "ids": "true"}
METHODS: dict[str, dict[str, object]] = {
    "popularity": {},
    "als": {},
    "dmtl-no-profile": SMALL,
    "dmtl-ranking": SPARSE,
}
SHARED = ("dmtl-no-profile", "dmtl-ranking")
"""Methods whose training several processes share."""
USERS = {"10k": 10_000, "32k": 32_000, "100k": 100_000, "320k": 320_000, "1m": 1_000_000}
FIELDS = (
    "users", "items", "ratings", "groups", "method", "options", "fit_seconds", "judge_seconds",
    "wall_seconds", "peak_mib", "rows_per_second", "ndcg_groups",
)  # fmt: skip
EPOCHS = {"popularity": 1, "als": 15, "dmtl-no-profile": 3, "dmtl-ranking": 3}
TRAINED = {"popularity": 0.8, "als": 0.8, "dmtl-no-profile": 0.8 * 0.9, "dmtl-ranking": 0.8}
"""Share of the ratings in each epoch: DMTL keeps a tenth of the training rows to validate, `dmtl-ranking` a
tenth of those of a few hundred users."""

SHORTEST = 0.2
"""Seconds below which a figure is not drawn."""


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return [pid, *(p for child in children for p in tree(child))]


def memory(pids: list[int]) -> int:
    """Bytes that the processes hold; what several share counts once."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def measured(command: list[str]) -> tuple[float, int]:
    """Wall-clock seconds and the most memory of a command that has to succeed."""
    started, peak = time.monotonic(), 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, memory(tree(process.pid)))
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return time.monotonic() - started, peak


def study(out: Path, size: str, options: list[str]) -> None:
    """Run every method on one size."""
    plugin = str(Path(__file__).with_name("scale.py"))
    for method, values in METHODS.items():
        if "--train-workers" in options and method not in SHARED:
            continue
        with TemporaryDirectory() as results:
            command = ["groupbench", "run", "--plugin", plugin, "--dataset", f"scale-{size}", *ASKED]
            command += [text for k, v in values.items() for text in ("--set", f"{method}.{k}={v}")]
            command += ["--methods", method, "--results", results, *options]
            wall, peak = measured(command)
            (file,) = Path(results).glob("runs/*/*/*/*/run.json")
            record = json.loads(file.read_text())
        fit = record["seconds"]["fit"]
        judge = sum(seconds for phase, seconds in record["seconds"].items() if phase != "fit")
        users = USERS[size]
        figures = {f["aggregator"]: f["values"] for f in record["figures"] if f["view"] == "rated-group"}
        rows = 20 * users
        line = (
            users, users // 10, rows, users // 5, method, " ".join(options), round(fit, 2), round(judge, 2),
            round(wall, 1), peak // 2**20, round(EPOCHS[method] * TRAINED[method] * rows / max(fit, 1e-3)),
            round(figures.get("own", figures.get("average"))["ndcg@10"], 4),
        )  # fmt: skip
        add(out, line)


def add(out: Path, line: tuple[object, ...]) -> None:
    """Append a line, and the names of the columns before the first one."""
    new = not out.exists()
    with out.open("a", newline="") as handle:
        writer = csv.writer(handle)
        if new:
            writer.writerow(FIELDS)
        writer.writerow(line)


def plot(source: Path, out: Path) -> None:
    """Seconds of training, seconds of judging and memory against users, on log axes."""
    import matplotlib.pyplot as plt

    with source.open(newline="") as handle:
        lines = [line for line in csv.DictReader(handle) if not line["options"]]
    panels = {"fit_seconds": "training, s", "judge_seconds": "judging, s", "peak_mib": "memory, MiB"}
    figure, axes = plt.subplots(1, len(panels), figsize=(11, 3.4), layout="constrained")
    for axis, (field, title) in zip(axes, panels.items(), strict=True):
        for number, (method, mark) in enumerate(zip(METHODS, "os^v", strict=True)):
            found = sorted((int(r["users"]), float(r[field])) for r in lines if r["method"] == method)
            found = [(users, value) for users, value in found if value >= SHORTEST]
            if found:
                axis.loglog(*zip(*found, strict=True), f"C{number}{mark}-", label=method)
        axis.set(xlabel="users", title=title)
        axis.grid(visible=True, which="major", alpha=0.3)
    axes[-1].legend()
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    if sys.argv[1] == "plot":
        plot(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        study(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
