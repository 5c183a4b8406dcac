"""What holds in other processes, too: seeds, hashes of code, models, temporary folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import groupbench
from groupbench.core import provenance
from groupbench.core.files import scratch
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.testing import small_training

ROOT = Path(groupbench.__file__).parents[1]
THREADED = ("als", "bpr", "lmf", "item-knn-cosine", "item-knn-tfidf", "item-knn-bm25")


def test_streams_do_not_depend_on_the_hash_seed_of_python():
    code = "from groupbench.core.seeding import generator; print(generator('a', 1).integers(2**62))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert found == {f"{generator('a', 1).integers(2**62)}\n".encode()}


def test_the_hash_is_of_the_code_wherever_it_lies(tmp_path):
    """A clone and a package made from it have the same hash; one changed byte gives another."""
    apart = [name for name in ("baselines", "datasets") if (ROOT / name).is_dir()]  # In a checkout.
    for name in ["groupbench", *apart]:
        place = "groupbench" if name == "groupbench" else f"groupbench/{name}"
        ignored = shutil.ignore_patterns("__pycache__", ".mypy_cache")
        shutil.copytree(ROOT / name, tmp_path / place, ignore=ignored)

    def code():
        program = (
            "from groupbench.core import provenance as p; print(p.__file__, *p.code().values(), sep='|')"
        )
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-P", "-c", program]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.split("|")

    file, commit, state, digest = code()
    assert file.startswith(str(tmp_path))
    assert (commit, state) == ("", "no git checkout (installed package)")
    assert digest.strip() == provenance.code()["sha256"]
    with (tmp_path / "groupbench" / "baselines" / "linear.py").open("a") as out:
        out.write("#\n")
    assert code()[3] != digest


HOLDER = """
import os, sys, tempfile
from groupbench.core.files import scratch
tempfile.tempdir = sys.argv[1]
with scratch("groupbench-x-") as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").touch()
    print(folder, flush=True)
    sys.stdin.readline()
"""


def test_a_scratch_folder_is_removed_and_so_are_those_of_killed_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held, other = {}, tmp_path / "groupbench-y-1"
    other.mkdir()
    for name in ("killed", "alive"):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        held[name] = process, process.stdout.readline().strip()
    held["killed"][0].kill()
    held["killed"][0].wait()
    with scratch("groupbench-x-") as folder:
        (folder / "file").touch()
        left = set(map(str, tmp_path.iterdir()))
        assert left == {str(folder), str(other), held["alive"][1]}
    held["alive"][0].communicate("go on\n")
    assert list(tmp_path.iterdir()) == [other]


def test_no_warning_and_no_output_with_threaded_blas():
    code = (
        "import numpy as np\n"
        "from groupbench.core.registry import methods\n"
        "from groupbench.core.seeding import generator\n"
        "from groupbench.testing import small_training\n"
        f"for name in {THREADED}:\n"
        "    methods[name].create().fit(small_training(), rng=generator('a')).score(np.arange(3))\n"
    )
    command = [sys.executable, "-P", "-W", "error::RuntimeWarning", "-c", code]
    environment = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_fitted_model_scores_equally_in_another_process():
    train = small_training()
    small = {"embedding": 8, "width": 16, "shared_width": 16, "interaction_width": 4, "epochs": 6}
    model = methods["dmtl"].create(**small, ensemble=2).fit(train, rng=np.random.default_rng(0))
    users = np.arange(train.ratings.n_users)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(model.score, users).result()
    np.testing.assert_allclose(elsewhere, model.score(users), atol=1e-6)
