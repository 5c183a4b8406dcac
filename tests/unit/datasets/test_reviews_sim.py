"""The simulated reviews: what they tell, and what their control does not."""

from __future__ import annotations

import numpy as np

from groupbench.data.loading import load
from groupbench.datasets.reviews_sim import ITEMS_OF_TOPIC, OLD, THEMES, TOPICS

WORDS = [set(about.split()) for about in THEMES.values()]


def themes_of(text):
    return {theme for theme, words in enumerate(WORDS) if words & set(text.split())}


def topics():
    return np.repeat(np.arange(len(TOPICS)), ITEMS_OF_TOPIC)


def test_words_of_a_theme_are_its_own():
    assert sum(map(len, WORDS)) == len(set().union(*WORDS))


def test_every_text_tells_the_topic_of_its_item():
    data = load("reviews-sim")
    assert [themes_of(text) for text in data.item_texts] == [set(TOPICS[t]) for t in topics()]
    reviewed = topics()[data.ratings.items]
    assert [themes_of(text) for text in data.ratings.texts] == [set(TOPICS[t]) for t in reviewed]


def test_texts_of_the_control_are_the_same_and_tell_no_more_than_chance():
    data, control = load("reviews-sim"), load("reviews-sim-shuffled")
    assert control.content_hash == data.content_hash
    assert control.text_hash != data.text_hash
    assert sorted(control.item_texts) == sorted(data.item_texts)
    assert sorted(control.ratings.texts) == sorted(data.ratings.texts)
    told = [themes_of(text) == set(TOPICS[t]) for text, t in zip(control.item_texts, topics(), strict=True)]
    assert np.mean(told) < 0.05


def test_new_items_have_no_rows_of_users_and_groups_share_a_topic():
    data = load("reviews-sim")
    new = np.arange(data.ratings.n_items) % ITEMS_OF_TOPIC >= OLD
    assert not new[data.ratings.items].any()
    assert 0.5 < new[data.group_ratings.items].mean() < 0.75
    joint = topics()[data.group_ratings.items]
    for group in range(len(data.groups)):
        assert len(set(joint[data.group_ratings.users == group])) == 1
    liked = [set(topics()[data.ratings.items[data.ratings.users == u]]) for u in range(data.ratings.n_users)]
    assert all(len(one) <= 2 for one in liked)


def test_it_is_the_same_every_time():
    assert load("reviews-sim").identity == load("reviews-sim").identity
    assert load("reviews-sim").simulated
    assert load("reviews-sim-shuffled").simulated
