"""DMTL as a method: it learns, its ablations are what they say, and its scores keep the contract."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from groupbench.core.arrays import Segments
from groupbench.core.errors import MethodError, ResultError
from groupbench.core.registry import methods
from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.models.dmtl import scoring
from groupbench.models.dmtl.recommender import DMTL
from groupbench.models.recommender import TrainingData
from groupbench.models.training import Trainer

ABLATIONS = {
    "dmtl-no-profile": {"profile_weight": 0.0},
    "dmtl-frozen-profile": {"freeze_profile": True},
    "dmtl-uncertainty": {"loss_weights": "uncertainty"},
    "dmtl-no-attention": {"attention": "none"},
    "dmtl-mean-attention": {"attention": "mean", "rescale_attention": False},
    "dmtl-members-attention": {"attention": "members", "group_inference": "attention"},
    "dmtl-no-shared": {"shared": False},
    "dmtl-ids-only": {"demographics": False, "genres": False, "text": False},
    "dmtl-features-only": {"ids": False, "interactions": False},
    "dmtl-single": {"ensemble": 1},
}


def make(name="dmtl", **overrides):
    small = {"embedding": 8, "width": 16, "shared_width": 16, "interaction_width": 4}
    small |= {"batch_size": 64, "min_batches": 1, "epochs": 6, "averaging": 0.5, "ensemble": 2}
    small = {key: value for key, value in small.items() if key not in methods[name].presets}
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


def best_epoch(history):
    return int(np.argmin([epoch.validation_rmse for epoch in history]))


def held_out_rmse(scores, rows):
    return np.sqrt(np.mean((scores[rows.users, rows.items] - rows.values) ** 2))


def test_learns_planted_structure_beyond_biases():
    train, held = planted()
    model = fitted(train, epochs=30, patience=30, profile_weight=0.1, batch_size=256)
    rows = train.ratings
    means = np.bincount(rows.items, rows.values, rows.n_items) / np.bincount(rows.items)
    error = held_out_rmse(model.score(np.arange(rows.n_users)), held)
    assert error < 0.6 * np.sqrt(np.mean((means[held.items] - held.values) ** 2))
    assert error < 0.35
    assert min(e.validation_rmse for e in model.history) < 0.6 * model.history[0].validation_rmse
    assert model.history[-1].mse < 0.5 * model.history[0].mse
    assert model.history[-1].cross_entropy < 0.5 * np.log(4)


@pytest.mark.parametrize(("residual", "statistics"), [("biases", True), ("mean", False)])
def test_other_inputs_and_bases_learn_too(residual, statistics):
    train, held = planted()
    model = fitted(train, epochs=20, batch_size=512, residual=residual, statistics=statistics)
    assert held_out_rmse(model.score(np.arange(150)), held) < 0.6
    assert bool(model._network.users.biases.any()) == (residual == "biases")
    assert model._network.users.features.shape[1] == (4 + 2 + 5 if statistics else 4)


def test_names_and_presets():
    presets = {n: dict(e.presets) for n, e in methods.items() if n.startswith("dmtl-")}
    of_ratings = {n: found for n, found in presets.items() if methods[n].make is DMTL}
    assert of_ratings == ABLATIONS
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
    monkeypatch.setattr(scoring, "_BLOCK_VALUES", 1)
    np.testing.assert_allclose(model.score(users), whole, atol=1e-5)
    np.testing.assert_array_equal(whole[0], whole[1])


@pytest.mark.parametrize("name", ["dmtl", *ABLATIONS])
def test_block_scores_equal_the_forward_pass_pair_by_pair(training, name):
    model = fitted(training, name)
    n_users, n_items = training.ratings.n_users, training.ratings.n_items
    users, items = map(torch.tensor, np.divmod(np.arange(n_users * n_items), n_items))
    with torch.no_grad():
        people, things = model._network.encode()
        ratings, _ = model._network.pair(people.take(users), things.take(items), profile=True)
    scores = model.score(np.arange(n_users))
    np.testing.assert_allclose(scores.ravel(), ratings.mean(dim=1).numpy(), atol=1e-5)


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


def test_the_search_may_take_fewer_networks_than_the_fit(training):
    model = fitted(training, ensemble=3, validation_ensemble=1)
    alone = fitted(training, ensemble=1, refit=False)
    assert model.history == alone.history
    assert model._network.made.ensemble == 3


def test_an_ensemble_predicts_the_mean_of_its_networks(training):
    model = fitted(training, ensemble=3)
    with torch.no_grad():
        users, items = model._network.encode()
        ratings, _ = model._network.pair(users.window(None, 1), items.window(None, 0), profile=False)
    np.testing.assert_allclose(model.score(np.arange(30)), ratings.mean(dim=2).numpy(), atol=1e-5)
    assert ratings.std(dim=2).mean() > 0.01


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
    network = model._network
    assert not network.users.ids.weight[cold].any()
    assert not network.items.ids.weight[training.ratings.n_items - 1].any()
    assert network.users.ids.weight[0].any()
    with torch.no_grad():
        assert not network.users.history(network.users.others.weight, None)[cold].any()


@pytest.mark.parametrize("how", ["mean-representation", "mean-score", "centroid"])
def test_one_member_group_scores_like_its_user(training, how):
    model = fitted(training, group_inference=how)
    singles = Groups.from_lists([[7], [2], [29]])
    np.testing.assert_allclose(model.score_groups(singles), model.score(np.array([7, 2, 29])), atol=1e-5)


def test_a_single_member_has_all_the_attention(training):
    model = fitted(training, "dmtl-members-attention")
    singles = Groups.from_lists([[7], [2], [29]])
    np.testing.assert_allclose(model.score_groups(singles), model.score(np.array([7, 2, 29])), atol=1e-5)


def mean_member(model, hidden):
    """The scores of a group of users 0, 4 and 9 whose representation is `hidden`, (ensemble, width)."""
    network, members = model._network, [0, 4, 9]
    with torch.no_grad():
        everyone, items = network.encode()
        group = network.as_users(hidden[None], everyone.biases[members].mean()[None])
        ratings, _ = network.pair(group.window(None, 1), items.window(None, 0), profile=False)
    return ratings[0].mean(dim=1).numpy()


def test_group_inference_averages_representations_inputs_or_scores(training):
    model = fitted(training)
    groups = Groups.from_lists([[0, 4, 9], [4, 5]])
    network = model._network
    with torch.no_grad():
        before = network.users.before(None)[[0, 4, 9]]
    representation = model.score_groups(groups)
    np.testing.assert_allclose(representation[0], mean_member(model, before.relu().mean(dim=0)), atol=1e-5)
    model.group_inference = "centroid"
    centroid = model.score_groups(groups)
    np.testing.assert_allclose(centroid[0], mean_member(model, before.mean(dim=0).relu()), atol=1e-5)
    model.group_inference = "mean-score"
    scores = model.score_groups(groups)
    np.testing.assert_allclose(scores[0], model.score(np.array([0, 4, 9])).mean(axis=0))
    np.testing.assert_allclose(scores[1], model.score(np.array([4, 5])).mean(axis=0))
    assert np.abs(scores - representation).max() > 1e-6
    assert np.abs(centroid - representation).max() > 1e-6


def test_members_are_weighed_by_attention_only_where_it_is_learned(training):
    model = fitted(training, "dmtl-members-attention", epochs=10)
    groups = Groups.from_lists([[0, 4, 9]])
    weighed = model.score_groups(groups)
    model.group_inference = "mean-representation"
    assert np.abs(weighed - model.score_groups(groups)).max() > 1e-6
    with pytest.raises(MethodError, match="group_inference=attention needs attention=members"):
        fitted(training, group_inference="attention")


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


def test_no_training_rows_is_an_error_that_says_so(training):
    with pytest.raises(MethodError, match="no training ratings"):
        fitted(replace(training, ratings=training.ratings.take([])))


def test_divergence_is_an_error_that_names_the_remedy(training):
    with pytest.raises(MethodError, match=r"diverged in epoch .* lower learning_rate"):
        fitted(training, learning_rate=1e30)


def everyone(train):
    return np.arange(train.ratings.n_users)


@pytest.mark.parametrize("name", ["dmtl", "dmtl-members-attention", "dmtl-features-only"])
def test_a_saved_model_gives_the_same_scores(training, tmp_path, name):
    model = fitted(training, name)
    model.save(tmp_path / "model.safetensors")
    again = DMTL.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.score(everyone(training)), model.score(everyone(training)))
    np.testing.assert_array_equal(again.score_groups(training.groups), model.score_groups(training.groups))
    assert again == model
    assert again.history == model.history
    assert again.notices == model.notices


def test_what_is_no_saved_model_is_refused(tmp_path):
    from safetensors.numpy import save_file

    with pytest.raises(ResultError, match=r"cannot read .*missing"):
        DMTL.load(tmp_path / "missing")
    (tmp_path / "text").write_text("not a model")
    with pytest.raises(ResultError, match="give a file that groupbench wrote"):
        DMTL.load(tmp_path / "text")
    save_file({"x": np.zeros(2)}, tmp_path / "other")
    with pytest.raises(ResultError, match=r"not of this version \(groupbench-dmtl"):
        DMTL.load(tmp_path / "other")
    with pytest.raises(ResultError, match="choose another place"):
        fitted_once().save(tmp_path / "nowhere" / "model")


def fitted_once():
    return fitted(planted(n_users=20, n_items=10)[0], epochs=1)


class Cut(Exception):
    pass


@pytest.mark.parametrize("where", ["search", "refit"])
@pytest.mark.parametrize("name", ["dmtl", "dmtl-uncertainty"])
def test_training_that_was_cut_off_ends_in_the_same_scores(tmp_path, monkeypatch, where, name):
    train, _ = planted(n_users=40, n_items=30)
    whole = fitted(train, name)
    assert best_epoch(whole.history) > 0
    run, epochs = Trainer.run_epoch, iter(range(2 if where == "search" else len(whole.history) + 1))

    def run_until_cut(trainer):
        if next(epochs, None) is None:
            raise Cut
        run(trainer)

    monkeypatch.setattr(Trainer, "run_epoch", run_until_cut)
    with pytest.raises(Cut):
        make(name).fit(train, rng=np.random.default_rng(0), checkpoints=tmp_path)
    monkeypatch.setattr(Trainer, "run_epoch", run)
    torch.manual_seed(11)
    resumed = make(name).fit(train, rng=np.random.default_rng(0), checkpoints=tmp_path)
    assert resumed.history == whole.history
    np.testing.assert_array_equal(resumed.score(everyone(train)), whole.score(everyone(train)))


def test_a_finished_checkpoint_is_read_and_not_run_again(training, tmp_path, monkeypatch):
    first = make().fit(training, rng=np.random.default_rng(0), checkpoints=tmp_path)
    monkeypatch.setattr(Trainer, "run_epoch", lambda trainer: pytest.fail("trained again"))
    again = make().fit(training, rng=np.random.default_rng(0), checkpoints=tmp_path)
    np.testing.assert_array_equal(again.score(everyone(training)), first.score(everyone(training)))


@pytest.mark.parametrize("change", ["seed", "hyperparameter", "data"])
def test_the_checkpoint_of_another_fit_is_refused(training, training_factory, tmp_path, change):
    make(epochs=1).fit(training, rng=np.random.default_rng(0), checkpoints=tmp_path)
    other = make(epochs=1, dropout=0.2 if change == "hyperparameter" else make().dropout)
    train = training_factory(seed=1) if change == "data" else training
    with pytest.raises(MethodError, match="of other data, hyperparameters or seed; remove it"):
        other.fit(train, rng=np.random.default_rng(int(change == "seed")), checkpoints=tmp_path)


def test_a_loss_that_dominates_is_noticed(training, caplog):
    assert "the profiling loss dominates" in " ".join(fitted(training, profile_weight=1e4).notices)
    assert "the rating loss dominates" in " ".join(fitted(training, profile_weight=1e-6).notices)
    assert "change profile_weight" in caplog.text
    balanced = " ".join(fitted(training, profile_weight=0.5).notices)
    assert "dominates" not in balanced + " ".join(fitted(training, "dmtl-no-profile").notices)


def test_uniform_attention_is_noticed(training):
    def noticed(**overrides):
        return any("attention is uniform" in n for n in fitted(training, **overrides).notices)

    assert noticed(learning_rate=1e-6, gain=0.3)
    assert not noticed(learning_rate=0.1, epochs=30, patience=30)
    assert not noticed(learning_rate=1e-6, gain=0.3, attention="none")


def test_a_missing_gpu_is_noticed(training, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "torch finds no GPU" in " ".join(fitted(training, device="cuda", epochs=1).notices)
    for device in ("cpu", "auto"):
        assert not [n for n in fitted(training, device=device, epochs=1).notices if "GPU" in n]


def test_losses_of_each_epoch_are_kept_with_their_weight(training):
    model = fitted(training, profile_weight=0.3)
    assert {epoch.profile_weight for epoch in model.history} == {0.3}
    learned = [epoch.profile_weight for epoch in fitted(training, "dmtl-uncertainty").history]
    assert len(set(learned)) == len(learned)
    assert min(learned) > 0


@pytest.mark.parametrize("name", ["dmtl", "dmtl-no-shared", "dmtl-members-attention"])
def test_profiles_are_read_from_the_representations(training, name):
    model = fitted(training, name)
    users, items = training.ratings.users, training.ratings.items
    profiles, below = model.profiles(users, items), model.representations(users, items)
    network = model._network
    with torch.no_grad():
        logits = network.profile(torch.tensor(below, dtype=torch.float32).view(len(users), 2, -1))
    np.testing.assert_allclose(profiles, logits.softmax(dim=2).mean(dim=1).numpy(), atol=1e-5)
    assert profiles.shape == (len(users), len(training.groups))


def test_profiles_tell_groups_that_follow_from_features():
    train, _ = planted()
    model = fitted(train, epochs=25, patience=25, batch_size=512, profile_weight=0.5)
    own = np.empty(train.ratings.n_users, dtype=int)
    own[train.groups.members] = train.groups.segments.of_row
    users, items = train.ratings.users, train.ratings.items
    assert (model.profiles(users, items).argmax(axis=1) == own[users]).mean() > 0.9


def test_attention_weights_sum_to_one_and_differ_by_pair(training):
    model = fitted(training)
    weights = model.attention_weights(np.array([0, 0, 1]), np.array([3, 4, 3]))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert np.abs(weights[0] - weights[1:]).max(axis=1).min() > 1e-6
    with pytest.raises(MethodError, match="attention=none has no learned weights"):
        fitted(training, "dmtl-no-attention").attention_weights(np.array([0]), np.array([0]))


@pytest.mark.parametrize(
    "choice",
    [
        {"attended": "shared"},
        {"product": False},
        {"interactions": False},
        {"averaging": 0.0},
        {"weight_decay": 1e-3},
        {"text": False, "genres": False},
    ],
    ids=str,
)
def test_each_choice_learns_and_leads_elsewhere(choice):
    train, held = planted(n_users=50, n_items=40)
    options = {"epochs": 10, "patience": 10}
    scores, others = (fitted(train, **options, **c).score(everyone(train)) for c in (choice, {}))
    assert held_out_rmse(scores, held) < 0.95 * np.std(held.values)
    assert np.abs(scores - others).max() > 1e-4


@pytest.mark.data
@pytest.mark.parametrize("dataset", ["itmrec"])
def test_held_out_ratings_reach_no_model(real_data, dataset):
    """Shuffling the held-out ratings changes nothing in what DMTL is given, and so no score."""
    from groupbench.data.loading import load
    from groupbench.evaluation.protocols import make_protocol

    data, protocol = load(dataset, real_data), make_protocol({"name": "paper"})
    task = protocol.prepare(data, 0)
    keys = data.ratings.users * data.ratings.n_items + data.ratings.items
    held = np.isin(
        keys, np.setdiff1d(keys, task.train.ratings.users * data.ratings.n_items + task.train.ratings.items)
    )
    values = data.ratings.values.copy()
    values[held] = np.random.default_rng(0).permutation(values[held])
    assert (values != data.ratings.values).any()
    changed = protocol.prepare(replace(data, ratings=replace(data.ratings, values=values)), 0)
    first, second = (fitted(t.train, epochs=2, batch_size=1024) for t in (task, changed))
    np.testing.assert_array_equal(first.score(everyone(task.train)), second.score(everyone(task.train)))
    np.testing.assert_array_equal(
        first.score_groups(task.train.groups), second.score_groups(changed.train.groups)
    )


def test_equal_ratings_are_no_lesson(training):
    assert DMTL().skip(training) == ""
    equal = replace(training.ratings, values=np.ones(len(training.ratings)))
    assert "all are equal" in DMTL().skip(replace(training, ratings=equal))
