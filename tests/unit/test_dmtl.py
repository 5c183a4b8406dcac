"""DMTL as a method: it learns, its ablations are what they say, and its scores keep the contract."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
import torch

from groupbench.arrays import Segments
from groupbench.data import Features, Ratings
from groupbench.dmtl import DMTL, recommender
from groupbench.dmtl.training import best_epoch
from groupbench.errors import MethodError
from groupbench.groups import Groups
from groupbench.recommender import TrainingData
from groupbench.registry import methods

ABLATIONS = ["dmtl-no-profile", "dmtl-no-attention", "dmtl-mean-attention", "dmtl-no-shared"]


def make(name="dmtl", **overrides):
    small = {"embedding": 8, "width": 16, "shared_width": 16, "batch_size": 64, "epochs": 6}
    return methods[name].create(**{**small, **overrides})


def fitted(train, name="dmtl", seed=0, **overrides):
    return make(name, **overrides).fit(train, rng=np.random.default_rng(seed))


def planted(seed=0, n_users=150, n_items=80, share=0.35):
    """Ratings that hang on the features of user and item, and the rows that are held out."""
    rng = np.random.default_rng(seed)
    age, genre = rng.integers(0, 4, n_users), rng.integers(0, 5, n_items)
    taste = rng.normal(0, 1.0, (4, 5))
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    values = 3 + rng.normal(0, 0.4, n_items)[items] + taste[age[users], genre[items]]
    rows = Ratings(users, items, values + rng.normal(0, 0.2, len(users)), n_users, n_items)
    held = rng.random(len(rows)) < 0.2
    train = TrainingData(
        rows.take(~held),
        (1.0, 5.0),
        Groups.from_labels(age),
        user_features=Features(tuple(f"age={a}" for a in range(4)), np.eye(4)[age]),
        item_features=Features(tuple(f"genre={g}" for g in range(5)), np.eye(5)[genre]),
    )
    return train, rows.take(held)


def held_out_rmse(scores, rows):
    return np.sqrt(np.mean((scores[rows.users, rows.items] - rows.values) ** 2))


def test_learns_planted_structure_beyond_biases():
    train, held = planted()
    model = fitted(train, epochs=40, patience=40, profile_weight=0.1)
    rows = train.ratings
    means = np.bincount(rows.items, rows.values, rows.n_items) / np.bincount(rows.items)
    error = held_out_rmse(model.score(np.arange(rows.n_users)), held)
    assert error < 0.6 * np.sqrt(np.mean((means[held.items] - held.values) ** 2))
    assert error < 0.35
    assert min(e.validation_rmse for e in model.history) < 0.6 * model.history[0].validation_rmse
    assert model.history[-1].mse < 0.5 * model.history[0].mse
    assert model.history[-1].cross_entropy < 0.5 * np.log(4)


@pytest.mark.parametrize("residual", ["biases", "mean"])
@pytest.mark.parametrize("statistics", [False, True])
def test_other_inputs_and_bases_learn_too(residual, statistics):
    train, held = planted()
    model = fitted(train, epochs=30, residual=residual, statistics=statistics)
    assert held_out_rmse(model.score(np.arange(150)), held) < 0.6
    assert bool(model._network.users.biases.any()) == (residual == "biases")
    assert model._network.users.features.shape[1] == (4 + 2 + 5 if statistics else 4)


def test_names_and_presets():
    assert {n: dict(methods[n].presets) for n in ABLATIONS} == {
        "dmtl-no-profile": {"profile_weight": 0.0},
        "dmtl-no-attention": {"attention": "none"},
        "dmtl-mean-attention": {"attention": "mean", "rescale_attention": False},
        "dmtl-no-shared": {"shared": False},
    }
    assert methods["dmtl"].family == "dmtl"


@pytest.mark.parametrize("name", ABLATIONS)
def test_ablations_score_differently_from_the_full_model(training, name):
    users = np.arange(training.ratings.n_users)
    full, part = (fitted(training, n, profile_weight=w).score(users) for n, w in (("dmtl", 0.5), (name, 0.5)))
    if name == "dmtl-no-profile":
        part = fitted(training, name).score(users)
    assert np.isfinite(part).all()
    assert np.abs(full - part).max() > 1e-4


def test_without_profile_weight_groups_do_not_matter(training):
    other = replace(training, groups=Groups.from_labels(np.arange(training.ratings.n_users)[::-1] % 4))
    users = np.arange(training.ratings.n_users)

    def changes(name):
        return not np.array_equal(fitted(training, name).score(users), fitted(other, name).score(users))

    assert changes("dmtl")
    assert not changes("dmtl-no-profile")


def test_scores_do_not_depend_on_the_block(training, monkeypatch):
    model = fitted(training)
    users = np.array([3, 3, 29, 0, 11])
    whole = model.score(users)
    assert whole.shape == (5, training.ratings.n_items)
    assert whole.dtype == np.float64
    monkeypatch.setattr(recommender, "_BLOCK_VALUES", 1)
    np.testing.assert_allclose(model.score(users), whole, atol=1e-5)
    np.testing.assert_array_equal(whole[0], whole[1])


@pytest.mark.parametrize("name", ["dmtl", *ABLATIONS])
def test_block_scores_equal_the_forward_pass_pair_by_pair(training, name):
    model = fitted(training, name)
    n_users, n_items = training.ratings.n_users, training.ratings.n_items
    users, items = map(torch.tensor, np.divmod(np.arange(n_users * n_items), n_items))
    network = model._network
    with torch.no_grad():
        residual, _ = network(network.users(users), network.items(items))
        pairs = network.base(users, items) + residual
    scores = model.score(np.arange(n_users))
    np.testing.assert_allclose(scores.ravel(), pairs.numpy(), atol=1e-5)


def test_early_stopping_keeps_the_best_epoch(training):
    model = fitted(training, refit=False, epochs=60, patience=3, learning_rate=0.03)
    best = best_epoch(model.history)
    assert len(model.history) == best + 1 + 3
    order = np.random.default_rng(0).permutation(len(training.ratings))
    held = training.ratings.take(order[: len(order) // 10])
    scores = model.score(np.arange(training.ratings.n_users))
    assert held_out_rmse(scores, held) == pytest.approx(model.history[best].validation_rmse, abs=1e-5)


def test_refit_learns_from_the_validation_rows_too(training):
    kept, refitted = fitted(training, refit=False), fitted(training)
    assert kept.history == refitted.history
    assert kept._network.mean != pytest.approx(training.ratings.mean, abs=1e-9)
    assert refitted._network.mean == training.ratings.mean


def test_same_seed_same_scores_and_global_state_untouched(training):
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - the legacy global state is what must not move
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    users = np.arange(training.ratings.n_users)
    first = fitted(training).score(users)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    torch.manual_seed(6)
    np.testing.assert_array_equal(fitted(training).score(users), first)
    assert not np.array_equal(fitted(training, seed=1).score(users), first)


def test_cold_users_get_finite_scores_from_features_alone(training):
    model = fitted(training)
    cold = training.ratings.n_users - 1
    assert cold not in training.ratings.users
    assert np.isfinite(model.score(np.array([cold]))).all()
    assert not model._network.users.ids.weight[cold].any()
    assert not model._network.items.ids.weight[training.ratings.n_items - 1].any()
    assert model._network.users.ids.weight[0].any()


def test_one_member_group_scores_like_its_user(training):
    model = fitted(training)
    singles = Groups.from_lists([[7], [2], [29]])
    np.testing.assert_allclose(model.score_groups(singles), model.score(np.array([7, 2, 29])), atol=1e-5)
    model.group_inference = "mean-score"
    np.testing.assert_allclose(model.score_groups(singles), model.score(np.array([7, 2, 29])), atol=1e-9)


def test_group_inference_averages_representations_or_scores(training):
    model = fitted(training)
    groups = Groups.from_lists([[0, 4, 9], [4, 5]])
    network = model._network
    with torch.no_grad():
        hidden = network.users(torch.tensor([0, 4, 9])).mean(dim=0)
        residual = network.residual(hidden[None, None], network.items(torch.arange(20))[None])[0]
        base = network.mean + network.items.biases + network.users.biases[[0, 4, 9]].mean()
    representation = model.score_groups(groups)
    np.testing.assert_allclose(representation[0], (base + residual).numpy(), atol=1e-5)
    model.group_inference = "mean-score"
    scores = model.score_groups(groups)
    np.testing.assert_allclose(scores[0], model.score(np.array([0, 4, 9])).mean(axis=0))
    np.testing.assert_allclose(scores[1], model.score(np.array([4, 5])).mean(axis=0))
    assert np.abs(scores - representation).max() > 1e-6


@pytest.mark.parametrize(
    "groups",
    [
        Groups.from_lists([[0, 1, 2], [2, 3], [2]]),
        Groups((), Segments(np.zeros(1)), np.empty(0, dtype=np.int64)),
    ],
    ids=["overlapping and uncovered", "none at all"],
)
def test_any_groups_can_be_trained_on(training, groups):
    model = fitted(replace(training, groups=groups), profile_weight=1.0)
    scores = model.score_groups(groups)
    assert scores.shape == (len(groups), training.ratings.n_items)
    assert np.isfinite(scores).all()
    assert (model.history[0].cross_entropy > 0) == (len(groups) > 0)


def test_features_are_optional_and_one_row_is_enough(training):
    bare = replace(training, user_features=None, item_features=None)
    assert np.isfinite(fitted(bare).score(np.arange(30))).all()
    one = replace(bare, ratings=training.ratings.take([0]))
    np.testing.assert_allclose(fitted(one).score(np.arange(30)), training.ratings.values[0], atol=1.0)


def test_repeated_pairs_are_allowed(training_factory):
    assert np.isfinite(fitted(training_factory(repeats=20)).score(np.arange(30))).all()


def test_a_fitted_model_scores_equally_in_another_process(training):
    model = fitted(training)
    users = np.arange(training.ratings.n_users)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(model.score, users).result(timeout=120)
    np.testing.assert_allclose(elsewhere, model.score(users), atol=1e-6)


def test_no_training_rows_is_an_error_that_says_so(training):
    with pytest.raises(MethodError, match="no training ratings"):
        fitted(replace(training, ratings=training.ratings.take([])))


def test_divergence_is_an_error_that_names_the_remedy(training):
    with pytest.raises(MethodError, match=r"diverged in epoch .* lower learning_rate"):
        fitted(training, learning_rate=1e30)


def test_importing_the_package_does_not_import_torch():
    from subprocess import check_output
    from sys import executable

    code = "import sys, groupbench.baselines.dmtl; print('torch' in sys.modules)"
    assert check_output([executable, "-c", code], text=True).strip() == "False"
    assert DMTL().profile_weight > 0
