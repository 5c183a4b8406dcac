"""Texts of items, users and ratings: who may know them, and what they change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.data.dataset import Dataset, Ratings
from groupbench.data.loading import check, load
from groupbench.data.texts import joined, known_texts
from groupbench.evaluation.inner_split import inner_dataset
from groupbench.evaluation.protocols import make_protocol
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs
from groupbench.runner.serialization import deserialize, serialize

N_USERS, N_ITEMS = 12, 8


def reviewed(item_texts=None, user_texts=None) -> Dataset:
    """Everybody rates everything, and writes a word that no one else writes."""
    users, items = np.divmod(np.arange(N_USERS * N_ITEMS), N_ITEMS)
    texts = tuple(f"word{row}" for row in range(len(users)))
    rows = Ratings(users, items, 1.0 + (users + items) % 5, N_USERS, N_ITEMS, None, texts)
    ids = [tuple(map(str, range(n))) for n in (N_USERS, N_ITEMS)]
    return Dataset("made", "Made", rows, *ids, (1.0, 5.0), item_texts=item_texts, user_texts=user_texts)


def words(texts):
    return {word for text in texts for word in text.split()}


PROTOCOLS = [
    {"name": "paper", "n_groups": 3},
    {"name": "paper", "n_groups": 3, "split": "kfold", "unit": "rows"},
    {"name": "paper", "n_groups": 3, "split": "leave-one-out"},
    {"name": "coupled", "n_groups": 5, "sizes": (2, 3)},
]


@pytest.mark.parametrize("options", PROTOCOLS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_reviews_of_held_out_rows_reach_no_model(options, seed):
    data = reviewed()
    task = make_protocol(options).prepare(data, seed)
    held_out, learned = set(task.held_out.texts), set(task.train.ratings.texts)
    assert held_out
    assert held_out | learned == set(data.ratings.texts)
    assert words(task.train.item_texts) == words(task.train.user_texts) == learned


def test_nor_do_those_that_validate_while_hyperparameters_are_tuned():
    protocol = make_protocol({"name": "paper", "n_groups": 3})
    outer = protocol.prepare(reviewed(), 0)
    inner = protocol.prepare(inner_dataset(reviewed(), protocol, 0), 0)
    assert words(inner.train.item_texts) == set(inner.train.ratings.texts)
    assert words(inner.train.item_texts) < words(outer.train.item_texts)


@given(st.lists(st.booleans(), min_size=N_USERS * N_ITEMS, max_size=N_USERS * N_ITEMS))
def test_each_text_stands_with_its_user_and_its_item(kept):
    data = reviewed(item_texts=tuple("abcdefgh"))
    rows = data.ratings.take(np.array(kept))
    of_items, of_users = known_texts(data, rows)
    assert [text.split()[0] for text in of_items] == list("abcdefgh")
    for user, item, text in zip(rows.users, rows.items, rows.texts, strict=True):
        assert text in of_items[item].split()
        assert text in of_users[user].split()
    assert sum(len(text.split()) for text in of_items) == len(rows) + N_ITEMS
    assert of_users is None or len(of_users) == N_USERS


def test_without_reviews_texts_are_as_they_are():
    bare = replace(reviewed().ratings, texts=None)
    data = replace(reviewed(user_texts=("likes tea",) * N_USERS), ratings=bare)
    assert known_texts(data, bare) == (None, ("likes tea",) * N_USERS)


def test_joined_is_none_without_any_text():
    assert joined(["", ""], ["", ""]) is None
    assert joined(["a", ""], ["b", "c"]) == ("a b", "c")


def test_texts_have_a_hash_of_their_own():
    data, bare = reviewed(), replace(reviewed(), ratings=replace(reviewed().ratings, texts=None))
    described = replace(bare, item_texts=("x",) * N_ITEMS)
    others = [
        described,
        replace(bare, user_texts=("x",) * N_USERS),
        replace(bare, item_texts=("y",) * N_ITEMS),
    ]
    assert bare.text_hash == ""
    assert {one.content_hash for one in (data, bare, *others)} == {bare.content_hash}
    assert len({one.text_hash for one in (data, bare, *others)}) == 5
    assert len({one.identity for one in (data, bare, *others)}) == 5


def test_texts_survive_being_sent_to_another_process():
    data = reviewed(item_texts=("café",) * N_ITEMS, user_texts=("",) * (N_USERS - 1) + ("me",))
    arrived = deserialize(serialize(data))
    assert arrived.identity == data.identity
    assert (arrived.item_texts, arrived.user_texts) == (data.item_texts, data.user_texts)
    assert arrived.ratings.texts == data.ratings.texts


def test_rows_are_taken_and_joined_with_their_texts():
    rows = reviewed().ratings
    assert rows.take(np.array([3, 1])).texts == ("word3", "word1")
    assert rows.take(slice(0, 2)).texts == ("word0", "word1")
    assert Ratings.joined([rows.take([5]), rows.take([0])]).texts == ("word5", "word0")
    assert Ratings.joined([rows.take([5]), replace(rows, texts=None)]).texts is None


def test_a_folder_brings_texts_of_items_users_and_ratings(tmp_path):
    files = {
        "ratings.csv": 'user,item,rating,review\na,x,1,"fine, really"\na,y,2,\nb,x,3,dull\n',
        "items.csv": "item,title,description\nx,Red fox,a fox\ny,Red car,\n",
        "users.csv": "user,text\na,likes foxes\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    data = load(tmp_path)
    assert data.item_texts == ("Red fox a fox", "Red car")
    assert data.user_texts == ("likes foxes", "")
    assert data.ratings.texts == ("fine, really", "", "dull")
    counts = check(str(tmp_path)).counts
    assert [counts[f"{kind} texts"] for kind in ("user", "item", "rating")] == [1, 2, 2]


def test_a_folder_without_them_has_none(tmp_path):
    (tmp_path / "ratings.csv").write_text("user,item,rating\na,x,1\nb,y,2\n", encoding="utf-8")
    data = load(tmp_path)
    assert (data.item_texts, data.user_texts, data.ratings.texts, data.text_hash) == (None, None, None, "")


def test_jobs_on_other_texts_are_other_jobs(tmp_path):
    config = make_config(methods=["ease"], seeds=1, protocol="paper", option=["n_groups=3"])
    data = reviewed()
    described = replace(data, item_texts=("x",) * N_ITEMS)
    bare = replace(data, ratings=replace(data.ratings, texts=None))
    jobs = [plan_jobs(config, {"made": one}, tmp_path)[0] for one in (data, described, bare)]
    assert len({job.key for job in jobs}) == len({job.content for job in jobs}) == 3
    assert [job.content for job in jobs] == [one.identity for one in (data, described, bare)]
    assert jobs[0].record("done").config["text_hash"] == data.text_hash
    assert "text_hash" not in jobs[2].record("done").config
