"""Groups over MovieLens as published and by their stated rule, small ones and the real ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groupbench.core.registry import datasets
from groupbench.data.dataset import Dataset, Ratings
from groupbench.data.doctor import diagnose
from groupbench.data.leakage import partitions
from groupbench.data.loading import Source, card, clean, load

NAME = "movielens-groups"
PROFILES = {"0": range(20), "1": range(15, 40), "2": range(40, 60), "3": range(10, 18)}
MEMBERS = {"0": "01", "1": "02", "2": "13", "3": "023", "4": "012"}
N_ITEMS = 200


def by_restart(profiles: list[set[str]]) -> set[str]:
    """The published joint rows: an empty intersection is started anew with the next member."""
    common: set[str] = set()
    for profile in profiles:
        common = common & profile or (set() if common else profile)
    return common


def published(folder: Path) -> Dataset:
    """Small files whose joint rows are made as the published ones were."""
    profiles = {user: {str(i) for i in items} for user, items in PROFILES.items()}
    profiles["4"] = {str(i) for i in range(N_ITEMS)}
    joint = {group: sorted(by_restart([profiles[u] for u in own]), key=int) for group, own in MEMBERS.items()}
    negatives = " ".join(str(i) for i in range(100, N_ITEMS))
    rated = {user: sorted(items, key=int) for user, items in profiles.items()}
    lines = {"groupMember.txt": [f"{group} {','.join(own)}" for group, own in MEMBERS.items()]}
    for kind, rows in (("user", rated), ("group", {g: items for g, items in joint.items() if items})):
        lines[f"{kind}RatingTrain.txt"] = [f"{r}\t{i}" for r, items in rows.items() for i in items[1:]]
        lines[f"{kind}RatingTest.txt"] = [f"{r}\t{items[0]}" for r, items in rows.items()]
        lines[f"{kind}RatingNegative.txt"] = [f"({r},{items[0]}) {negatives}" for r, items in rows.items()]
    for name, text in lines.items():
        (folder / name).write_text("\n".join(text) + "\n")
    known = card(NAME)
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in known.files}
    source = Source(replace(known, files=sums), folder)
    return replace(datasets[NAME].create(source=source), notes=tuple(source.notes))


def rows_by_rater(data: Dataset, of_groups: bool) -> dict[str, set[str]]:
    """The items of each user or group, in any part, by ids."""
    part = next(part for part in partitions(data) if part.of_groups == of_groups)
    raters = data.groups.ids if of_groups else data.user_ids
    found: dict[str, set[str]] = {}
    for rows in part.rows:
        for rater, item in zip(rows.users, rows.items, strict=True):
            found.setdefault(raters[rater], set()).add(data.item_ids[item])
    return found


def by_rule(data: Dataset) -> dict[str, set[str]]:
    rated = rows_by_rater(data, of_groups=False)
    shared = {
        group: set.intersection(*(rated[data.user_ids[u]] for u in data.groups[g]))
        for g, group in enumerate(data.groups.ids)
    }
    return {group: items for group, items in shared.items() if items}


def test_the_fault_of_the_published_rows_is_told_and_counted(tmp_path):
    data = published(tmp_path)
    assert data.groups.ids == ("0", "1", "2", "3", "4")
    assert "faulty" in data.title
    chosen, shared = rows_by_rater(data, of_groups=True), by_rule(data)
    wrong = sum(len(items - shared.get(group, set())) for group, items in chosen.items())
    finding = diagnose(data).find("joint-rows-of-another-rule", "files")
    assert (finding.count, finding.total) == (wrong, sum(map(len, chosen.values())))
    assert wrong > 0
    assert f"{NAME}:clean" in finding.title


def test_the_clean_variant_has_the_joint_rows_of_the_rule(tmp_path):
    data = published(tmp_path)
    made = clean(data)
    assert made.name == f"{NAME}:clean"
    assert made.title == "MovieLens groups (clean)"
    assert rows_by_rater(made, of_groups=True) == by_rule(data)
    assert made.groups.ids == tuple(by_rule(data))
    for g, group in enumerate(made.groups.ids):
        assert made.groups[g].tolist() == data.groups[data.groups.ids.index(group)].tolist()
    assert "3 of 5 groups, which have none, are left out" in made.notes[0]
    assert not any("meant to be" in note for note in made.notes)
    assert np.array_equal(made.ratings.items, data.ratings.items)
    assert_one_row_is_held_out(made)


def assert_one_row_is_held_out(made: Dataset) -> None:
    """One row of each group, that is no training row, next to 100 other items that are no row of it."""
    held = made.given.groups
    assert held.ratings.users.tolist() == list(range(len(made.groups)))
    assert set(held.segments.sizes) == {100}
    found = diagnose(made)
    assert not found.fixable
    for code in ("held-out-in-training", "negatives-repeated", "rated-among-negatives"):
        assert found.find(code, "groups").count == 0


def test_the_clean_variant_is_the_same_each_time(tmp_path):
    data = published(tmp_path)
    assert clean(data).content_hash == clean(data).content_hash
    assert clean(data).content_hash != data.content_hash


def test_a_folder_of_that_name_is_no_such_data_set(tmp_path):
    data = published(tmp_path)
    made = clean(replace(data, seeds_by_content=True))
    assert rows_by_rater(made, of_groups=True) == rows_by_rater(data, of_groups=True)


@pytest.mark.data
def test_users_rows_are_those_of_movielens_100k(real_data):
    data, whole = load(NAME, real_data), load("ml-100k", real_data)
    ours = {
        (int(u) + 1, int(i) + 1) for u, items in rows_by_rater(data, of_groups=False).items() for i in items
    }
    assert ours == pairs_of(whole)


def pairs_of(data: Dataset) -> set[tuple[int, int]]:
    rows: Ratings = data.ratings
    users, items = np.array(data.user_ids, int), np.array(data.item_ids, int)
    return set(zip(users[rows.users].tolist(), items[rows.items].tolist(), strict=True))


@pytest.mark.data
def test_the_faulty_rule_gives_all_published_joint_rows(real_data):
    """The published order of members counts, so it is read from the file."""
    data, whole = load(NAME, real_data), load("ml-100k", real_data)
    profiles: dict[str, set[str]] = {}
    for user, item in pairs_of(whole):
        profiles.setdefault(str(user - 1), set()).add(str(item - 1))
    chosen = rows_by_rater(data, of_groups=True)
    lines = (real_data / NAME / "groupMember.txt").read_text().splitlines()
    assert len(lines) == 5000
    wrong = []
    for line in lines:
        group, members = line.split()
        own = [profiles[user] for user in members.split(",")]
        assert by_restart(own) == chosen.get(group, set()), group
        wrong.append(len(chosen.get(group, set()) - set.intersection(*own)))
    assert (sum(count > 0 for count in wrong), sum(wrong)) == (1214, 60985)
    assert sum(map(len, chosen.values())) == 92885


@pytest.mark.data
def test_the_clean_variant_of_the_real_data(real_data):
    made = load(f"{NAME}:clean", real_data)
    assert rows_by_rater(made, of_groups=True) == by_rule(load(NAME, real_data))
    assert (len(made.groups), len(made.group_ratings), len(made.given.groups.ratings)) == (2966, 28934, 2966)
    assert "2,034 of 5,000 groups" in made.notes[0]
    assert_one_row_is_held_out(made)
