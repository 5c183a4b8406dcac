"""Splits for official code, and its scores by number."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.results.exchange import PreparedSplit, TaskFolder, export_layout, score

GIVEN = {"name": "given"}


@pytest.fixture(scope="module")
def data():
    """Eight users and ten items under odd ids, three groups; held-out rows of groups with three negatives."""
    rng = np.random.default_rng(5)
    users, items = np.divmod(np.sort(rng.choice(80, 40, replace=False)), 10)
    joint = Ratings(np.array([0, 0, 1, 2]), np.array([1, 2, 3, 4]), np.ones(4), 3, 10)
    held = Ratings(np.array([1, 0, 0]), np.array([5, 6, 7]), np.ones(3), 3, 10)
    negatives = HeldOutRows(held, np.array([8, 9, 0, 8, 3, 4, 8, 9, 5]), Segments.from_sizes([3, 3, 3]))
    return Dataset(
        name="odd",
        title="Odd",
        ratings=Ratings(users, items, np.ones(40), 8, 10),
        user_ids=tuple(f"user {n}" for n in range(8)),
        item_ids=tuple(f"é{n}" for n in range(10)),
        scale=(1.0, 1.0),
        groups=Groups(("x", "y", "z"), Segments.from_sizes([2, 3, 2]), np.array([0, 1, 2, 3, 4, 5, 6])),
        group_ratings=joint,
        given=GivenSplit(groups=negatives),
    )


@pytest.fixture
def task(data, tmp_path):
    export_layout([PreparedSplit.make(data, GIVEN, 0)], tmp_path / "task", "agree")
    return tmp_path / "task"


def judged(data, file, task, results, view="sampled-group"):
    ((record, (ranked,)),) = score(
        [file], data, {}, name=results.name, results=results, source="odd", views=[view],
        task=TaskFolder.read(task),
    )  # fmt: skip
    return record, ranked


def truth_first(n_rows, width):
    return np.tile(-np.arange(width, dtype=float), (n_rows, 1))


def test_the_folder_is_a_data_set_with_the_same_split(data, task):
    again = load(task)
    assert again.group_ratings.items.tolist() == data.group_ratings.items.tolist()
    assert again.given.groups.negatives.tolist() == data.given.groups.negatives.tolist()
    assert again.scale == data.scale
    ids = pd.read_csv(task / "ids.csv", dtype=str)
    assert ids[ids["kind"] == "item"]["id"].tolist() == list(data.item_ids)


def test_a_matrix_by_lines_of_negatives(data, task, tmp_path):
    scores = np.array([[3.0, 2, 1, 0], [0, 1, 2, 3], [1, 2, 0, 0]])
    scores[2, 1] = scores[1, 1]  # Group x and item 8 stand in two lists.
    np.save(tmp_path / "best.npy", scores)
    record, ranked = judged(data, tmp_path / "best.npy", task, tmp_path / "results")
    hits = {f.view: f.values["hit@3"] for f in record.metrics}
    assert hits["sampled-group"] == pytest.approx(2 / 3)
    assert (ranked.missing, ranked.others) == (0, 0)


def test_matrix_numbers_and_ids_give_the_same_values(data, task, tmp_path):
    rng = np.random.default_rng(0)
    whole = rng.random((3, 10)).round(1)
    np.save(tmp_path / "whole.npy", whole)
    groups, items = np.divmod(np.arange(30), 10)
    pd.DataFrame({"entity": groups, "item": items, "score": whole.ravel()}).to_csv(
        tmp_path / "n.csv", index=False
    )
    given = data.given.groups
    lines = np.c_[given.ratings.items, given.negatives.reshape(3, 3)]
    np.save(tmp_path / "lines.npy", whole[given.ratings.users[:, None], lines])
    names = ("whole.npy", "n.csv", "lines.npy")
    found = [judged(data, tmp_path / name, task, tmp_path / name[:-4])[0] for name in names]
    ids, names = np.array(data.groups.ids)[groups], np.array(data.item_ids)[items]
    named = pd.DataFrame({"entity": ids, "item": names, "score": whole.ravel()})
    named.to_csv(tmp_path / "named.csv", index=False)
    ((by_id, _),) = score(
        [tmp_path / "named.csv"], data, GIVEN, name="ids", results=tmp_path / "ids", source="odd",
        views=["sampled-group"],
    )  # fmt: skip
    for record in found:
        assert [f.values for f in record.metrics] == [f.values for f in by_id.metrics]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (np.ones((2, 4)), "its shape is (2, 4) of float64; view sampled-group takes numbers of 3 x 10"),
        (np.ones(12), "its shape is (12,)"),
        (np.full((3, 4), "a"), "of <U1"),
        (np.array([[1, 1, 1, 1], [1, 2, 1, 1], [1, 3, 1, 1]]), "group 'x' and item 'é8' have different"),
        (np.array([[1, 1, 1, 1], [1, np.nan, 1, 1], [1, 1, 1, 1]]), "row 1 holds a score that is no finite"),
    ],
)  # fmt: skip
def test_wrong_matrices_are_refused(data, task, tmp_path, scores, said):
    np.save(tmp_path / "m.npy", scores)
    with pytest.raises(DatasetError) as caught:
        judged(data, tmp_path / "m.npy", task, tmp_path / "results")
    assert said in str(caught.value)
    assert not (tmp_path / "results").exists()


def test_pickles_are_not_read(data, task, tmp_path):
    np.save(tmp_path / "m.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DatasetError, match=r"it is no \.npy file of numbers"):
        judged(data, tmp_path / "m.npy", task, tmp_path / "results")


@pytest.mark.parametrize(("entity", "item"), [("3", "0"), ("0", "10"), ("x", "0"), ("0", "-1"), ("0", "1.5")])
def test_numbers_that_are_none_are_refused(data, task, tmp_path, entity, item):
    (tmp_path / "n.csv").write_text(f"entity,item,score\n0,1,2\n{entity},{item},1\n")
    with pytest.raises(
        DatasetError, match=r"n\.csv:3: .* is no number of an? (group|item); .*ids\.csv has 0 to "
    ):
        judged(data, tmp_path / "n.csv", task, tmp_path / "results")


def test_rows_of_another_seed_are_refused(data, task, tmp_path):
    (tmp_path / "n.csv").write_text("entity,item,score,seed\n0,1,2,0\n0,2,1,1\n")
    with pytest.raises(
        DatasetError, match=r"n\.csv:3: is of seed 1, and .* of seed 0; score each seed with its"
    ):
        judged(data, tmp_path / "n.csv", task, tmp_path / "results")


def test_other_files_than_matrices_are_refused(data, task, tmp_path):
    with (tmp_path / "m.npy").open("wb") as file:
        np.savez(file, scores=np.ones((3, 10)))
    with pytest.raises(DatasetError, match=r"it is no \.npy file of numbers"):
        judged(data, tmp_path / "m.npy", task, tmp_path / "results")
    np.save(tmp_path / "m.npy", np.full((3, 10), 2**63, dtype=np.uint64))
    with pytest.raises(DatasetError, match=r"whole numbers beyond 2\*\*53"):
        judged(data, tmp_path / "m.npy", task, tmp_path / "results")


def test_the_folder_above_those_of_seeds_is_no_task(data, tmp_path):
    splits = [PreparedSplit.make(data, GIVEN, seed) for seed in range(2)]
    export_layout(splits, tmp_path / "task", "agree")
    with pytest.raises(DatasetError, match=r"name the folder of one seed, as .*task/seed-0"):
        TaskFolder.read(tmp_path / "task")


@pytest.mark.parametrize(
    "card",
    [
        *("", "[]", "{}", '{"layout": 3}'),
        '{"layout": [], "protocol": {"name": "given"}, "seed": 0, "content_hash": "", "dataset": ""}',
        '{"layout": "yin", "protocol": {"name": "given"}, "seed": 0, "content_hash": "", "dataset": ""}',
        '{"layout": "agree", "protocol": {"name": "given"}, "seed": true, "content_hash": "", "dataset": ""}',
        '{"layout": "agree", "protocol": {"name": "given"}, "seed": -1, "content_hash": "", "dataset": ""}',
        '{"layout": "agree", "protocol": {}, "seed": 0, "content_hash": "", "dataset": ""}',
        '{"layout": "agree", "protocol": {}, "seed": "0", "content_hash": "", "dataset": ""}',
    ],
)  # fmt: skip
def test_a_damaged_folder_is_refused(task, card):
    (task / "task.json").write_text(card)
    with pytest.raises(DatasetError, match=r"task\.json: .*; name a folder that"):
        TaskFolder.read(task)


def test_other_data_are_refused(data, task, tmp_path):
    card = json.loads((task / "task.json").read_text()) | {"content_hash": "0" * 64}
    (task / "task.json").write_text(json.dumps(card))
    np.save(tmp_path / "m.npy", np.ones((3, 10)))
    with pytest.raises(ConfigError, match="was made of other data than odd is here; export it again"):
        judged(data, tmp_path / "m.npy", task, tmp_path / "results")


def test_damaged_ids_are_refused(data, task, tmp_path):
    np.save(tmp_path / "m.npy", np.ones((3, 10)))
    (task / "ids.csv").write_text("kind,number,id\nuser,1,a\n")
    with pytest.raises(DatasetError, match=r"ids\.csv: is not as it was written"):
        judged(data, tmp_path / "m.npy", task, tmp_path / "results")


def test_rows_that_came_without_negatives_get_some_of_their_own(data, tmp_path):
    bare = replace(data, given=GivenSplit(groups=HeldOutRows(data.given.groups.ratings)))
    export_layout([PreparedSplit.make(bare, GIVEN, 0)], tmp_path / "task", "agree")
    held = load(tmp_path / "task").given.groups
    chosen = {(0, 1), (0, 2), (1, 3), (2, 4), (1, 5), (0, 6), (0, 7)}
    sampled_items = np.split(held.negatives, held.segments.offsets[1:-1])
    for group, sampled in zip(held.ratings.users, sampled_items, strict=True):
        free = {item for item in range(10) if (int(group), item) not in chosen}
        assert set(sampled.tolist()) <= free
        assert len(set(sampled.tolist())) == 6  # Group x chose four of ten items, and all rows have as many.


def test_validation_rows_are_cut_where_a_layout_has_them(data, tmp_path):
    export_layout([PreparedSplit.make(data, GIVEN, 0)], tmp_path / "task", "recbole")
    again = load(tmp_path / "task")
    assert again.given.validation_groups.ratings.users.tolist() == [0]
    assert len(again.group_ratings) == len(data.group_ratings) - 1


def test_every_seed_has_its_folder(tmp_path):
    data = load("itmrec-sim")
    splits = [PreparedSplit.make(data, {"name": "natural"}, seed) for seed in range(2)]
    export_layout(splits, tmp_path / "task", "agree")
    first, second = (load(tmp_path / "task" / f"seed-{seed}") for seed in range(2))
    assert first.content_hash != second.content_hash
    assert first.scale == data.scale


def test_a_split_without_rows_of_groups_is_refused(tmp_path):
    split = PreparedSplit.make(load("itmrec-sim"), {"name": "paper"}, 0)
    with pytest.raises(ConfigError, match="layout agree is made of rows of groups, and itmrec-sim has none"):
        export_layout([split], tmp_path / "task", "agree")
    with pytest.raises(ConfigError, match="unknown layout to write 'yin'"):
        export_layout([split], tmp_path / "task", "yin")
    assert not (tmp_path / "task").exists()
