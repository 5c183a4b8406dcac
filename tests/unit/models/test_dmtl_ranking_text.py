"""Texts as inputs of DMTL for choices: what goes in, and that what they say is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import methods, text_encoder, text_encoders
from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.evaluation.protocols import make_protocol
from groupbench.models.deep import ChoiceRows, Interactions, Members
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.recommender import TrainingData

N_USERS, N_ITEMS = 40, 30
HALF = N_ITEMS // 2
NEW = np.arange(N_ITEMS) % 3 == 0


def rows(pairs, n_raters):
    raters, items = np.array(sorted(pairs)).T
    return Ratings(raters, items, np.ones(len(raters)), n_raters, N_ITEMS)


def two_tastes():
    """Even users choose items of the first half, odd ones of the second; texts say which, none is new."""
    rng = np.random.default_rng(5)
    old = np.flatnonzero(~NEW)
    of_taste = [old[old < HALF], old[old >= HALF]]
    users = {(u, int(i)) for u in range(N_USERS) for i in rng.choice(of_taste[u % 2], 6, replace=False)}
    members = [(np.arange(3) * 2 + 2 * (g // 2) + g % 2) % N_USERS for g in range(16)]
    groups = {(g, int(i)) for g in range(16) for i in rng.choice(of_taste[g % 2], 4, replace=False)}
    words = [["apple", "pear", "plum"], ["stone", "brick", "sand"]]
    texts = tuple(" ".join(rng.choice(words[i // HALF], 2, replace=False)) for i in range(N_ITEMS))
    return TrainingData(
        ratings=rows(users, N_USERS),
        scale=(1.0, 1.0),
        groups=Groups.from_lists(members),
        group_ratings=rows(groups, 16),
        item_features=Features(("year", "text:apple"), np.arange(2.0 * N_ITEMS).reshape(-1, 2) / 60),
        item_texts=texts,
    )


def fitted(train, **chosen):
    made = RankingDMTL(width=8, epochs=8, batch_size=8, min_batches=4, **chosen)
    return made.fit(train, rng=np.random.default_rng(0))


def told_apart(scores):
    """How often a rater's new item of its own taste has a higher score than one of the other, (n_raters,)."""
    first, second = (
        scores[:, NEW & (np.arange(N_ITEMS) < HALF)],
        scores[:, NEW & (np.arange(N_ITEMS) >= HALF)],
    )
    above = (first[:, :, None] > second[:, None, :]).mean(axis=(1, 2))
    return np.where(np.arange(len(scores)) % 2 == 0, above, 1 - above)


@pytest.mark.parametrize("features", [True, False])
def test_texts_find_items_that_nobody_chose(features):
    train = two_tastes()
    train = replace(train, item_features=None)
    model = fitted(train, text="tfidf", features=features)
    assert told_apart(model.score(np.arange(N_USERS))).mean() > 0.95
    assert told_apart(model.score_groups(train.groups)).mean() > 0.95
    blind = fitted(train, text="none", features=features)
    assert told_apart(blind.score(np.arange(N_USERS))).mean() < 0.8


def network_of(train, **chosen):
    model = RankingDMTL(width=8, epochs=1, min_batches=1, refit=False, **chosen)
    model.fit(train, rng=np.random.default_rng(0))
    data = Interactions(
        ChoiceRows.of(train.ratings), ChoiceRows.of(train.group_ratings), Members.of(train.groups)
    )
    model._train = train
    return model.make_network(data)


@pytest.fixture
def lengths():
    text_encoder("lengths")(lambda texts: [[len(text), len(text.split())] for text in texts])
    yield "lengths"
    del text_encoders._values["lengths"]
    del text_encoders._homes["lengths"]


def test_encodings_take_the_place_of_words(lengths):
    train = two_tastes()
    scaled = train.item_features.values / train.item_features.values.max(axis=0)
    told = np.array([[len(text), 2] for text in train.item_texts], dtype=float)
    inputs = {text: network_of(train, text=text).item_features.numpy() for text in ("words", "none", lengths)}
    np.testing.assert_array_equal(inputs["words"], scaled.astype(np.float32))
    np.testing.assert_array_equal(inputs["none"], scaled[:, :1].astype(np.float32))
    np.testing.assert_allclose(
        inputs[lengths], np.hstack([scaled[:, :1], told / told.max(axis=0)]), rtol=1e-6
    )
    assert "text" not in methods["dmtl-ranking"].presets
    assert methods["dmtl-ranking"].parameters()["text"] == "words"


def test_a_user_is_told_by_its_own_text_or_by_what_it_chose(lengths):
    train = two_tastes()
    nobody = train.ratings.take(train.ratings.users != 2)
    train = replace(train, ratings=nobody, user_texts=("x" * 40, *[""] * (N_USERS - 1)))
    network = network_of(train, text=lengths)
    of_users, of_items = network.user_features.numpy(), network.item_features.numpy()[:, -2:]
    chosen = nobody.items[nobody.users == 1]
    np.testing.assert_allclose(of_users[0], [1, 0.5], rtol=1e-6)
    np.testing.assert_allclose(of_users[1], of_items[chosen].mean(axis=0), rtol=1e-5)
    assert not of_users[2].any()


def test_without_texts_there_is_nothing_to_encode():
    train = replace(two_tastes(), item_texts=None)
    assert RankingDMTL(text="tfidf").skip(train) == "text=tfidf reads texts, and there are none"
    assert RankingDMTL(text="none").skip(train) == ""


def test_a_wrong_encoder_is_told_before_anything_runs():
    with pytest.raises(ConfigError, match="unknown text encoder 'tdidf'; did you mean 'tfidf'"):
        methods["dmtl-ranking"].create(text="tdidf")


def ndcg(name, text, seed):
    """NDCG@10 of the held-out groups of a fold, by all of their choices."""
    task = make_protocol({"name": "natural"}).prepare(load(name), seed)
    model = RankingDMTL(ids=True, weight_decay=0.05, positive=None, text=text, epochs=30, patience=5).fit(
        task.train, rng=np.random.default_rng(seed)
    )
    cold = np.unique(task.joint.users)
    chosen = np.zeros((len(task.train.groups), task.joint.n_items))
    chosen[task.joint.users, task.joint.items] = 1
    order = np.argsort(-model.score_groups(task.train.groups.take(cold)), axis=1)[:, :10]
    discounts = 1 / np.log2(np.arange(2, 12))
    gains = np.take_along_axis(chosen[cold], order, axis=1) @ discounts
    return (gains / np.cumsum(discounts)[chosen[cold].sum(axis=1).astype(int) - 1]).mean()


@pytest.mark.slow
def test_the_known_signal_of_simulated_texts_is_found_and_shuffled_texts_bring_nothing():
    means = {
        (name, text): np.mean([ndcg(name, text, seed) for seed in range(3)])
        for name in ("reviews-sim", "reviews-sim-shuffled")
        for text in ("none", "tfidf")
    }
    gain, control = (
        means[name, "tfidf"] - means[name, "none"] for name in ("reviews-sim", "reviews-sim-shuffled")
    )
    assert gain > 0.05
    assert control < 0.03
    assert gain > control + 0.05


@pytest.mark.parametrize("change", ["texts", "features"])
def test_a_checkpoint_of_other_texts_or_features_is_refused(change, tmp_path):
    train = two_tastes()
    others = {
        "texts": {"item_texts": train.item_texts[::-1]},
        "features": {"item_features": replace(train.item_features, values=1 - train.item_features.values)},
    }

    def fit(train):
        RankingDMTL(width=8, epochs=1, text="tfidf").fit(
            train, rng=np.random.default_rng(0), checkpoints=tmp_path
        )

    fit(train)
    with pytest.raises(MethodError, match="of other data"):
        fit(replace(train, **others[change]))


@pytest.mark.parametrize(("name", "meant"), [("Words", "words"), ("nome", "none"), ("tfdif", "tfidf")])
def test_a_misspelled_text_is_told_what_was_meant(name, meant):
    with pytest.raises(ConfigError, match=f"did you mean .*'{meant}'"):
        RankingDMTL(text=name)
