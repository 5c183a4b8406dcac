"""Every recipe against a plain version of it on random logs, and the traps that each avoids."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.leakage import pairs
from groupbench.data.loading import load
from groupbench.data.recipes import RECIPES, build
from tests import _recipes_by_hand as by_hand

USERS = st.integers(0, 6).map("u{}".format)
VISITS = st.lists(st.tuples(USERS, st.sampled_from(["a", "b"]), st.integers(0, 40)), min_size=2, max_size=30)
FRIENDS = st.lists(st.tuples(USERS, USERS), min_size=1, max_size=12)
RATINGS = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 9)), st.integers(1, 5), min_size=30, max_size=70
)


def write(folder, name, columns, rows):
    lines = [",".join(map(str, row)) for row in rows]
    (folder / name).write_text("\n".join([columns, *lines, ""]), encoding="utf-8")
    return folder / name


@contextmanager
def built(recipe, files, **options):
    """The data set and the manifest of a recipe, from files given as option: (columns, rows)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = {
            option: write(folder, f"{option}.csv", columns, rows) for option, (columns, rows) in files.items()
        }
        manifest = build(recipe, folder / "new", **paths, **options)
        yield load(folder / "new"), manifest


def chosen(data):
    """Pairs of a group's members and an item, of all its rows for training."""
    groups = [frozenset(data.user_ids[u] for u in data.groups[g]) for g in range(len(data.groups))]
    assert len(set(groups)) == len(groups)
    rows = data.group_ratings
    return {(groups[g], data.item_ids[i]) for g, i in zip(rows.users, rows.items, strict=True)}


def named_ties(data):
    ends = zip(data.social.users, data.social.friends, strict=True)
    return {frozenset((data.user_ids[u], data.user_ids[f])) for u, f in ends}


def found_or_nothing(expected, recipe, files, **options):
    """Fail unless a recipe finds what is expected, and says so where that is nothing."""
    if not expected:
        with (
            pytest.raises(DatasetError, match="finds no group"),
            built(recipe, files, split="none", **options),
        ):
            pass
        return
    with built(recipe, files, split="none", **options) as (data, _):
        assert chosen(data) == expected


@given(VISITS, FRIENDS)
def test_co_visit_is_that_by_hand(visits, friends):
    ties = {
        frozenset(pair) for pair in friends if len(set(pair)) == 2 and {*pair} <= {u for u, _, _ in visits}
    }
    log = [(u, v, 60 * t) for u, v, t in visits]
    files = {"log": ("user,item,time", log), "friends": ("user,friend", friends)}
    found_or_nothing(by_hand.meetings(log, ties, 15 * 60), "co-visit", files)


@given(VISITS, st.integers(1, 2), st.sampled_from([3, 50]))
def test_co_presence_is_that_by_hand(visits, least, most):
    log = [(u, v, 300 * t) for u, v, t in visits]
    ties = by_hand.companions(log, 900, least, most)
    expected = {(group, v) for group, v in by_hand.meetings(log, ties, 900) if 2 <= len(group) <= 4}
    options = {"window": 15, "min_meetings": least, "max_visitors": most, "max_size": 4}
    found_or_nothing(expected, "co-presence", {"log": ("user,item,timestamp", log)}, **options)


@given(st.lists(st.tuples(USERS, st.sampled_from("pqr")), min_size=2, max_size=25), FRIENDS)
def test_attendance_components_are_those_by_hand(went, friends):
    ties = {frozenset(pair) for pair in friends}
    expected = {
        (group, event)
        for event in {event for _, event in went}
        for group in by_hand.components({u for u, e in went if e == event}, ties)
    }
    files = {"events": ("user,event", went), "friends": ("user,friend", friends)}
    found_or_nothing(expected, "attendance-components", files)


def test_windows_do_not_chain_an_evening():
    """Guests who come every ten minutes: linked one to the next, all would be one group."""
    evening = [(f"u{n}", "bar", 600 * n) for n in range(12)]
    friends = [(f"u{n}", f"u{n + 1}") for n in range(11)]
    files = {"log": ("user,item,time", evening), "friends": ("user,friend", friends)}
    with built("co-visit", files, split="none") as (data, _):
        assert data.groups.sizes.tolist() == [2] * 11
    again = [(u, "bar", t + day * 86_400) for u, _, t in evening for day in range(3)]
    with built("co-presence", {"log": ("user,item,time", again)}, split="none") as (data, _):
        assert data.groups.sizes.max() == 7


def test_a_busy_venue_makes_no_companions():
    log = [(f"u{n}", "station", day * 86_400) for n in range(5) for day in range(3)]
    files = {"log": ("user,item,time", log)}
    with built("co-presence", files, split="none", max_visitors=5) as (data, _):
        assert data.groups.sizes.tolist() == [5]
    with pytest.raises(DatasetError, match="finds no group"), built("co-presence", files, max_visitors=4):
        pass


def test_one_long_meeting_is_not_two():
    log = [(u, "cafe", 1800 * n) for u in ("a", "b") for n in range(6)]
    with (
        pytest.raises(DatasetError, match="finds no group"),
        built("co-presence", {"log": ("user,item,time", log)}),
    ):
        pass


@given(RATINGS, st.integers(0, 3), st.sampled_from(["all-rated", "all-rated-liked", "similar-by-embedding"]))
def test_joint_items_are_those_of_all_members(ratings, seed, recipe):
    log = [(u, i, r) for (u, i), r in ratings.items()]
    tau = 3 if recipe == "all-rated-liked" else 1
    options = {"tau": tau} if tau > 1 else {"dimensions": 2} if "similar" in recipe else {}
    options |= {"sizes": [2, 3], "n_groups": 2, "min_items": 2, "split": "none", "seed": seed}
    try:
        with built(recipe, {"log": ("user,item,rating", log)}, **options) as (data, _):
            for g in range(len(data.groups)):
                members = [data.user_ids[u] for u in data.groups[g]]
                shared = [{i for (u, i), r in ratings.items() if str(u) == m and r >= tau} for m in members]
                own = data.group_ratings.take(data.group_ratings.users == g)
                assert {int(data.item_ids[i]) for i in own.items} == set.intersection(*shared)
                assert len(own) >= 2
                for item, value in zip(own.items, own.values, strict=True):
                    item = int(data.item_ids[item])
                    assert value == pytest.approx(np.mean([ratings[int(m), item] for m in members]))
    except ConfigError as error:
        assert "could be formed" in str(error) or "dimensions" in str(error)  # noqa: PT017


def test_an_empty_intersection_is_not_started_anew():
    """Two pairs with items in common, and no item of all: no group of three can be had."""
    log = [(u, i, 5) for u, items in {"a": "xy", "b": "xyz", "c": "zw", "d": "zw"}.items() for i in items]
    files = {"log": ("user,item,rating", log)}
    options = {"min_items": 2, "n_groups": 1, "split": "none"}
    with built("all-rated", files, sizes=[2], **options) as (data, _):
        assert {members for members, _ in chosen(data)} < {frozenset("ab"), frozenset("cd")}
    with (
        pytest.raises(ConfigError, match="only 0 of 1 all-rated groups of 3 users"),
        built("all-rated", files, sizes=[3], **options),
    ):
        pass


@pytest.mark.parametrize("relation", ["similar", "divergent"])
def test_cosines_of_all_pairs_are_on_the_right_side(relation, tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 3))
    log = [(u, i, 3) for u in range(30) for i in range(6)]
    files = {
        "log": ("user,item,rating", log),
        "embedding": ("user,x,y,z", [(u, *map(repr, map(float, row))) for u, row in enumerate(vectors)]),
    }
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    bound = np.quantile(cosines[np.triu_indices(30, 1)], 0.7 if relation == "similar" else 0.3)
    options = {"relation": relation, "quantile": 0.7, "sizes": [2, 3], "n_groups": 4, "split": "none"}
    with built("similar-by-embedding", files, **options) as (data, manifest):
        assert manifest["facts"]["threshold of the cosine"] == pytest.approx(bound)
        for g in range(4):
            for one, other in combinations([int(data.user_ids[u]) for u in data.groups[g]], 2):
                cosine = cosines[one, other]
                assert cosine >= bound - 1e-9 if relation == "similar" else cosine <= bound + 1e-9


@given(RATINGS, st.integers(1, 4), st.integers(1, 4))
def test_a_subset_is_the_core_by_hand(ratings, of_user, of_item):
    left = dict(ratings)
    while True:
        users, items = ([key[n] for key in left] for n in (0, 1))
        fewer = {
            k: r for k, r in left.items() if users.count(k[0]) >= of_user and items.count(k[1]) >= of_item
        }
        if fewer == left:
            break
        left = fewer
    files = {"log": ("user,item,rating", [(*key, r) for key, r in ratings.items()])}
    options = {"min_user_rows": of_user, "min_item_rows": of_item}
    if len({u for u, _ in left}) < 2 or len({i for _, i in left}) < 2 or len(set(left.values())) < 2:
        return
    with built("subset", files, **options) as (data, _):
        rows = data.ratings
        ids = [
            (int(data.user_ids[u]), int(data.item_ids[i]))
            for u, i in zip(rows.users, rows.items, strict=True)
        ]
        assert dict(zip(ids, rows.values, strict=True)) == left


def log_of_pairs(n=40):
    """Check-ins of pairs of friends, one pair at a time, and rows of their own."""
    rng = np.random.default_rng(1)
    log = [(f"u{u}", f"v{rng.integers(30)}", int(t)) for u in range(n) for t in rng.integers(0, 10**7, 5)]
    for _ in range(6 * n):
        u, v, t = rng.integers(n), rng.integers(30), int(rng.integers(0, 10**7))
        log += [(f"u{u}", f"v{v}", t), (f"u{(u + 1) % n}", f"v{v}", t + 60)]
    return log, [(f"u{u}", f"u{(u + 1) % n}") for u in range(n)]


def files_of(folder):
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "manifest.json"}


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_order_of_rows_decides_nothing(recipe, tmp_path):
    log, friends = log_of_pairs()
    rng = np.random.default_rng(0)
    rated = [(u, v, len(u + v) % 5 + 1, t) for u, v, t in log]
    options = {"n_groups": 6, "sizes": "2,3", "min_items": 2} if recipe.startswith(("all", "sim")) else {}
    options |= {"n_users": 20} if recipe == "subset" else {"negatives": 5, "user_shares": "80,10,10"}
    options |= {"tau": 2} if recipe == "all-rated-liked" else {}
    options |= {"dimensions": 3} if "similar" in recipe else {}
    found = []
    for name, order in (("one", np.arange(len(log))), ("two", rng.permutation(len(log)))):
        paths = {"log": write(tmp_path, "log.csv", "user,item,rating,time", [rated[n] for n in order])}
        if recipe in ("co-visit", "attendance-components"):
            turned = friends if name == "one" else [pair[::-1] for pair in reversed(friends)]
            paths["friends"] = write(tmp_path, "friends.csv", "user,friend", turned)
        if recipe == "attendance-components":
            del paths["log"]
            paths["events"] = write(tmp_path, "events.csv", "user,event,timestamp", [log[n] for n in order])
        manifest = build(recipe, tmp_path / name, **paths, **options)
        found.append((files_of(tmp_path / name), {k: manifest[k] for k in ("counts", "dropped", "facts")}))
    assert "ratings.csv" in found[0][0]
    found[0][0].pop("dataset.toml"), found[1][0].pop("dataset.toml")
    assert found[0] == found[1]


def test_whole_groups_are_held_out_and_negatives_are_none_of_their_choices(tmp_path):
    log, friends = log_of_pairs()
    files = {"log": ("user,item,time", log), "friends": ("user,friend", friends)}
    with built("co-visit", files, negatives=8, user_shares="60,20,20") as (data, manifest):
        parts = [data.given.validation_groups.ratings, data.given.groups.ratings]
        raters = [set(rows.users) for rows in (data.group_ratings, *parts)]
        assert len(set.union(*raters)) == sum(map(len, raters)) == len(data.groups)
        assert len(raters[2]) == round(0.2 * len(data.groups))
        for rows, held in (
            ((data.group_ratings, *parts), (data.given.groups, data.given.validation_groups)),
            (
                (data.ratings, data.given.users.ratings, data.given.validation_users.ratings),
                (data.given.users, data.given.validation_users),
            ),
        ):
            positives = set(np.concatenate([pairs(part) for part in rows]))
            for one in held:
                row = one.segments.of_row
                keys = one.ratings.users[row] * data.ratings.n_items + one.negatives
                assert not positives & set(keys)
                assert (one.segments.sizes == 8).all()
                assert len(set(zip(row, one.negatives, strict=True))) == len(row)
        known = manifest["held_out_in_profiles"]["test"]
        own = set(pairs(data.ratings))
        by_hand_known = sum(
            any(u * data.ratings.n_items + i in own for u in data.groups[g])
            for g, i in zip(parts[1].users, parts[1].items, strict=True)
        )
        assert (known["rows"], known["known"]) == (len(parts[1]), by_hand_known)


def test_members_own_rows_of_what_is_held_out_can_be_hidden():
    log, friends = log_of_pairs()
    files = {"log": ("user,item,time", log), "friends": ("user,friend", friends)}
    with (
        built("co-visit", files) as (kept, before),
        built("co-visit", files, member_rows="hide") as (data, after),
    ):
        assert before["held_out_in_profiles"]["test"]["share"] == 1
        assert {part["known"] for part in after["held_out_in_profiles"].values()} == {0}
        told = {
            (int(u), int(i))
            for held in (kept.given.groups.ratings, kept.given.validation_groups.ratings)
            for g, i in zip(held.users, held.items, strict=True)
            for u in kept.groups[g]
        }
        left = set(zip(kept.ratings.users.tolist(), kept.ratings.items.tolist(), strict=True)) - told
        assert set(zip(data.ratings.users.tolist(), data.ratings.items.tolist(), strict=True)) == left
        assert after["dropped"]["members' own rows of what is held out of their group"] == len(told)


def test_negatives_of_random_groups_are_items_that_some_group_rated():
    log = [(u, i, 3 + i % 2) for u in range(8) for i in range(10)] + [(u, 100 + u, 1) for u in range(8)]
    options = {"sizes": [2], "n_groups": 5, "min_items": 2, "tau": 4, "negatives": 4}
    with (
        pytest.raises(ConfigError, match="take --negatives none"),
        built("all-rated-liked", {"log": ("user,item,rating", log)}, **options),
    ):
        pass
    log = [(u, i, 4) for u in range(8) for i in range(20) if (u + i) % 3] + [
        (u, 100 + u, 5) for u in range(8)
    ]
    with built("all-rated-liked", {"log": ("user,item,rating", log)}, **options) as (data, _):
        assert all(int(data.item_ids[i]) < 100 for i in data.given.groups.negatives)


def test_a_subset_of_a_folder_keeps_groups_split_and_features(tmp_path):
    log, friends = log_of_pairs()
    paths = {
        "log": write(tmp_path, "log.csv", "user,item,time", log),
        "friends": write(tmp_path, "friends.csv", "user,friend", friends),
    }
    build("co-visit", tmp_path / "whole", negatives=5, **paths)
    manifest = build("subset", tmp_path / "part", log=tmp_path / "whole", n_users=30)
    whole, part = load(tmp_path / "whole"), load(tmp_path / "part")
    assert set(part.user_ids) < set(whole.user_ids)
    assert chosen(part) < chosen(whole)
    assert part.given.groups.segments.sizes.max() <= 5
    assert named_ties(whole) == {frozenset(pair) for pair in friends}
    assert named_ties(part) == {tie for tie in named_ties(whole) if tie <= set(part.user_ids)}
    assert manifest["dropped"]["groups that lose a member"] == len(whole.groups) - len(part.groups)
    assert "log/group_ratings_test.csv" in manifest["inputs"]


def test_times_may_be_those_of_iso_8601():
    log = [("a", "x", "2014-03-01T12:00:00Z"), ("b", "x", "2014-03-01T12:14:00Z")]
    log += [("a", "y", "2014-03-02T12:00:00Z"), ("b", "y", "2014-03-02T12:16:00Z")]
    files = {"log": ("user,item,time", log), "friends": ("user,friend", [("a", "b")])}
    with built("co-visit", files, split="none") as (data, _):
        assert chosen(data) == {(frozenset("ab"), "x")}
        assert data.group_ratings.timestamps.tolist() == [1393675200]


def test_a_log_beside_events_holds_the_rows_of_users():
    files = {
        "log": ("user,item", [("a", "z"), ("c", "z"), ("c", "e")]),
        "events": ("user,event", [("b", "e"), ("a", "e")]),
        "friends": ("user,friend", [("b", "a"), ("a", "a"), ("a", "nobody")]),
    }
    with built("attendance-components", files, split="none") as (data, manifest):
        assert chosen(data) == {(frozenset("ab"), "e")}
        assert (len(data.ratings), data.user_ids) == (3, ("a", "b", "c"))
        assert named_ties(data) == {frozenset("ab")}
    assert manifest["dropped"]["friendships of a user with itself"] == 1
    assert manifest["dropped"]["friendships with a user who has no row"] == 1


@given(VISITS, FRIENDS)
def test_events_choose_items(went, friends):
    rows = [(user, f"event {event} {time}", event) for user, event, time in went]
    ties = {frozenset(pair) for pair in friends}
    expected = {
        (group, event.split()[1])
        for event in {event for _, event, _ in rows}
        for group in by_hand.components({u for u, e, _ in rows if e == event}, ties)
    }
    files = {"events": ("user,event,item", rows), "friends": ("user,friend", friends)}
    found_or_nothing(expected, "attendance-components", files, choice="item")


REFUSED = [
    ("co-visit", {"log": ("user,item,time", [("a", "x", 1), ("", "x", 2)])}, "log.csv:3: user '' is empty"),
    ("co-visit", {"log": ("user,item,time", [("a", "x", "noon")])}, "log.csv:2: time 'noon' is no"),
    ("co-visit", {"log": ("user,item", [("a", "x")])}, "there is no column 'timestamp'"),
    ("co-visit", {"log": ("user,item,time", [("a", "x", 10**12)])}, "log.csv:2: .*not in seconds"),
    ("co-visit", {"log": ("user,item,time", [("a", "x", 1)])}, "--friends FILE"),
    ("co-presence", {"log": ("user,item,time", [("a", "x", 1), ("b", "x")])}, "log.csv:3: 2 values"),
    ("all-rated", {"log": ("user,item", [("a", "x")])}, "log.csv:1: there is no column 'rating'"),
    (
        "all-rated",
        {"log": ("user,item,rating", [("a", "x", 1), ("a", "x", 2)])},
        "several ratings of user 'a'",
    ),
    ("subset", {"log": ("user,item", [("a", "x")]), "since": 0}, "need timestamps"),
    (
        "attendance-components",
        {"events": ("user,event,item", [("a", "e", "x"), ("b", "e", "y")]), "choice": "item"},
        "events.csv:3: event 'e' has item 'y' here",
    ),
]


@pytest.mark.parametrize(("recipe", "given", "words"), REFUSED)
def test_what_is_wrong_is_named_and_nothing_is_left(recipe, given, words, tmp_path):
    options = {
        key: write(tmp_path, f"{key}.csv", *value) if isinstance(value, tuple) else value
        for key, value in given.items()
    }
    before = sorted(tmp_path.iterdir())
    with pytest.raises((ConfigError, DatasetError), match=words):
        build(recipe, tmp_path / "new", **options)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_is_there_is_refused_before_files_are_read(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").touch()
    with pytest.raises(ConfigError, match="is there already; choose another folder, or remove it"):
        build("co-presence", tmp_path / "new", log=tmp_path / "nowhere.csv")
    with pytest.raises(ConfigError, match="unknown recipe 'co-visits'; did you mean 'co-visit'"):
        build("co-visits", tmp_path / "other")
    with pytest.raises(ConfigError, match="sum of 100"):
        build("co-visit", tmp_path / "other", shares="70,10,10")


def test_the_manifest_is_what_is_written(tmp_path):
    log, _ = log_of_pairs(10)
    manifest = build("co-presence", tmp_path / "new", log=write(tmp_path, "l.csv", "user,item,time", log))
    assert json.loads((tmp_path / "new" / "manifest.json").read_text(encoding="utf-8")) == manifest
    data = load(tmp_path / "new")
    assert manifest["counts"]["groups"] == len(data.groups)
    assert manifest["counts"]["training rows of users"] == len(data.ratings)
    assert manifest["inputs"]["log"]["rows"] == len(log)
    assert manifest["dropped"]["further rows of the same user and item"] == len(log) - len(data.ratings)


def test_logs_may_be_parquet(tmp_path):
    log, friends = log_of_pairs()
    write(tmp_path, "log.csv", "user,item,time", log)
    pd.read_csv(tmp_path / "log.csv").to_parquet(tmp_path / "log.parquet")
    friends = write(tmp_path, "friends.csv", "user,friend", friends)
    made = [
        load(build_into(tmp_path / kind, log=tmp_path / f"log.{kind}", friends=friends))
        for kind in ("csv", "parquet")
    ]
    assert made[0].content_hash == made[1].content_hash


def build_into(folder, **options):
    build("co-visit", folder, **options)
    return folder


def test_a_folder_in_the_place_of_a_log_is_led_to_its_file(tmp_path):
    with pytest.raises(
        DatasetError, match=r"a folder, not a file\); name a file in it, such as .*ratings\.csv"
    ):
        build("all-rated", tmp_path / "new", log=tmp_path)
