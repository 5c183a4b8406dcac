"""Processes that train together: they divide mini-batches, and learn what one process learns."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from threading import Thread

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import MethodError
from groupbench.models.distributed import SINGLE, BatchSlice, ProcessGroup, sharing
from groupbench.models.dmtl.recommender import DMTL
from groupbench.models.layers import Dropout, noise_of
from groupbench.models.training import Trainer

CLOSE = {"rel": 1e-5, "abs": 1e-5}
SMALL = {"embedding": 8, "width": 16, "shared_width": 16, "interaction_width": 4, "ensemble": 2}


def make(**overrides):
    return DMTL(**{**SMALL, "batch_size": 50, "min_batches": 1, "epochs": 4, "averaging": 0.5, **overrides})


def fitted(train, workers, model=None, **options):
    with sharing(workers):
        return (model or make()).fit(train, rng=np.random.default_rng(0), **options)


def losses(model):
    return np.array(model.history)


@given(st.integers(1, 500), st.integers(1, 9))
def test_the_parts_of_a_batch_are_the_batch(n, size):
    parts = [ProcessGroup(rank, size).slice_of(n) for rank in range(size)]
    counted = np.zeros(n)
    for part in parts:
        assert part.of == n
        counted[part.rows] += part.weight
        assert n < 2 * size or len(counted[part.rows]) >= 2
    np.testing.assert_allclose(counted, 1)


@pytest.mark.parametrize("layout", [(0, 1, 2), (1, 0, 2)])
@pytest.mark.parametrize("n", [4, 7, 200])
def test_parts_get_the_noise_of_the_whole(layout, n):
    dropout, x = Dropout(0.3), torch.empty_permuted((n, 3, 5), layout).normal_()

    def dropped(part):
        torch.manual_seed(1)
        with noise_of(dropout, part):
            return dropout(x[part.rows]), torch.get_rng_state()

    whole, after = dropped(BatchSlice(slice(0, n), n))
    torch.manual_seed(1)
    assert torch.equal(whole, torch.nn.functional.dropout(x, 0.3))
    for rank in range(2):
        part = ProcessGroup(rank, 2).slice_of(n)
        got, state = dropped(part)
        assert torch.equal(got, whole[part.rows])
        assert torch.equal(state, after)


def test_noise_is_for_training_only():
    dropout, x = Dropout(0.3).eval(), torch.ones(3, 2, 2)
    with noise_of(dropout, BatchSlice(slice(0, 3), 6)):
        assert torch.equal(dropout(x), x)


def test_one_process_starts_no_other(training, monkeypatch):
    monkeypatch.setattr(
        multiprocessing.context.SpawnContext, "Process", lambda *a, **k: pytest.fail("started")
    )
    fitted(training, 1, make(epochs=1))
    assert SINGLE.broadcast(3.5, torch.device("cpu")) == 3.5


@pytest.mark.parametrize(
    ("workers", "options"),
    [
        (2, {}),
        (3, {"loss_weights": "uncertainty", "refit": False}),
        (2, {"shared": False, "batch_size": 71, "refit": False}),
    ],
)
def test_workers_learn_what_one_learns(training, workers, options):
    alone, together = fitted(training, 1, make(**options)), fitted(training, workers, make(**options))
    assert losses(together) == pytest.approx(losses(alone), **CLOSE)
    everyone = np.arange(training.ratings.n_users)
    np.testing.assert_allclose(together.score(everyone), alone.score(everyone), atol=1e-3)
    assert together.notices == alone.notices


class Cut(Exception):
    pass


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_training_goes_on_with_another_number_of_workers(training, tmp_path, monkeypatch, before, after):
    whole = fitted(training, 1)
    run, epochs = Trainer.run_epoch, iter(range(2))

    def run_until_cut(trainer):
        if next(epochs, None) is None:
            raise Cut
        run(trainer)

    monkeypatch.setattr(Trainer, "run_epoch", run_until_cut)
    with pytest.raises(Cut):
        fitted(training, before, checkpoints=tmp_path)
    monkeypatch.setattr(Trainer, "run_epoch", run)
    resumed = fitted(training, after, checkpoints=tmp_path)
    assert losses(resumed) == pytest.approx(losses(whole), **CLOSE)
    assert not multiprocessing.active_children()


def test_a_worker_that_is_killed_is_named(training):
    def kill():
        while not (others := multiprocessing.active_children()):
            time.sleep(0.01)
        time.sleep(3)
        others[0].kill()

    killer = Thread(target=kill)
    killer.start()
    with pytest.raises(MethodError, match="training worker 1 was ended by SIGKILL; look into the log"):
        fitted(training, 2, make(epochs=10**6, patience=10**6))
    killer.join()
    assert not multiprocessing.active_children()


def test_what_is_wrong_is_said_once(training, capfd):
    with pytest.raises(MethodError, match=r"diverged in epoch .* lower learning_rate"):
        fitted(training, 2, make(learning_rate=1e30))
    assert "Traceback" not in capfd.readouterr().err


PROGRAM = """
import os
import sys
import numpy as np
from groupbench.data.dataset import Ratings
from groupbench.models.dmtl.recommender import DMTL
from groupbench.data.groups import Groups
from groupbench.models.recommender import TrainingData

rng = np.random.default_rng(0)
rows = Ratings(rng.integers(0, 30, 400), rng.integers(0, 20, 400), rng.integers(1, 6, 400), 30, 20)
train = TrainingData(rows, (1.0, 5.0), Groups.from_labels(np.arange(30) % 4))
model = DMTL(epochs=3, ensemble=2, min_batches=4).fit(train, rng=np.random.default_rng(1))
again = DMTL(epochs=1, ensemble=2, min_batches=4).fit(train, rng=np.random.default_rng(1))
np.savetxt(sys.argv[1] + os.environ.get("RANK", ""), model.score(np.arange(2)))
"""


def test_torchrun_starts_a_process_group(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)

    def scores(*launcher):
        out = tmp_path / "scores"
        ended = subprocess.run(
            [sys.executable, *launcher, file, out], capture_output=True, text=True, timeout=600
        )
        assert ended.returncode == 0, ended.stderr
        return [np.loadtxt(found) for found in sorted(tmp_path.glob("scores*"))]

    (alone,) = scores()
    _, first, second = scores("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, alone, atol=1e-3)
