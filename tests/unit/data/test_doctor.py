"""The doctor for data: every finding on small data written for it, the clean variant, the command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from groupbench.cli import app
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.data.dataset import Dataset, Features, GivenSplit, HeldOutRows, Ratings
from groupbench.data.doctor import Diagnosis, diagnose, facts
from groupbench.data.groups import Groups
from groupbench.data.leakage import without_leaks
from groupbench.data.loading import Note, load

ROOT = Path(__file__).parents[3]
N_USERS, N_ITEMS = 6, 8
FIXABLE = (
    "held-out-in-training",
    "negatives-repeated",
    "positive-among-negatives",
    "rated-among-negatives",
)


def rows(*triples, n=N_USERS) -> Ratings:
    users, items, values = zip(*triples, strict=True) if triples else ((), (), ())
    return Ratings(np.array(users, int), np.array(items, int), np.array(values, float), n, N_ITEMS)


def held_out(triples, negatives=None, n=N_USERS) -> HeldOutRows:
    if negatives is None:
        return HeldOutRows(rows(*triples, n=n))
    flat = np.array([i for row in negatives for i in row])
    return HeldOutRows(rows(*triples, n=n), flat, Segments.from_sizes([len(row) for row in negatives]))


def make(ratings=((0, 0, 1),), groups=((0, 1), (2, 3)), joint=((0, 0, 1),), **more) -> Dataset:
    """A data set whose ids are `u0`, `i0` and `0`; groups by members, rows as (rater, item, value)."""
    return Dataset(
        name="made",
        title="Made",
        ratings=rows(*ratings),
        user_ids=tuple(f"u{i}" for i in range(N_USERS)),
        item_ids=tuple(f"i{i}" for i in range(N_ITEMS)),
        scale=(1.0, 5.0),
        groups=None if groups is None else Groups.from_lists(groups),
        group_ratings=None if joint is None else rows(*joint, n=len(groups)),
        **more,
    )


def split(**parts) -> Dataset:
    """Three groups, of which 0 chose item 0 in training and 1 chose item 5, with the given held-out rows."""
    joint = ((0, 0, 1), (1, 5, 1))
    return make(groups=((0, 1), (2, 3), (4, 5)), joint=joint, given=GivenSplit(**parts))


def of_groups(triples, negatives=None) -> HeldOutRows:
    return held_out(triples, negatives, n=3)


def test_a_held_out_row_of_a_group_that_is_a_training_row_is_an_error():
    found = diagnose(split(groups=of_groups([(0, 0, 1), (0, 1, 1), (1, 0, 1)])))
    finding = found.find("held-out-in-training", "groups")
    assert (finding.count, finding.total, finding.severity, finding.fixable) == (1, 3, "error", True)
    assert finding.examples == ("group 0, item i0",)
    assert finding.share == pytest.approx(1 / 3)
    assert found.findings[0] is finding
    assert found.fixable


def test_a_held_out_row_of_a_user_is_compared_with_the_users_rows():
    data = split(users=held_out([(0, 0, 3), (1, 0, 3)]), validation_groups=of_groups([(1, 5, 1)]))
    found = diagnose(data)
    assert found.find("held-out-in-training", "users").examples == ("user u0, item i0",)
    assert found.find("held-out-in-training", "validation groups").count == 1
    with pytest.raises(KeyError):
        found.find("held-out-in-training", "groups")


def test_held_out_items_in_members_profiles_are_counted_by_row():
    data = split(groups=of_groups([(0, 1, 1), (1, 1, 1), (2, 6, 1)]))
    data = replace(data, ratings=rows((1, 1, 1), (0, 1, 1), (2, 6, 1), (4, 1, 1), (5, 6, 1)))
    finding = diagnose(data).find("held-out-in-profiles", "groups")
    assert (finding.count, finding.total) == (2, 3)
    assert finding.examples == ("group 0, item i1", "group 2, item i6")
    assert not finding.fixable


def test_each_fault_of_negatives_is_counted_by_row():
    data = split(
        groups=of_groups(
            [(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 4, 1)],
            [[7, 6, 7, 6], [2, 7], [7, 6], [7, 1, 0, 4]],
        )
    )
    found = diagnose(data)
    repeated = found.find("negatives-repeated", "groups")
    assert (repeated.count, repeated.examples) == (1, ("group 0, item i1: negative i7",))
    own = found.find("positive-among-negatives", "groups")
    assert own.count == 2
    assert own.examples == ("group 1, item i2: negative i2", "group 0, item i4: negative i4")
    known = found.find("rated-among-negatives", "groups")
    assert (known.count, known.total) == (1, 4)
    assert known.examples == ("group 0, item i4: negative i1",)


def test_items_of_validation_rows_are_known_positives_of_groups_but_not_of_users():
    data = split(
        groups=of_groups([(0, 1, 1)], [[7]]),
        users=held_out([(0, 1, 1)], [[7]]),
        validation_groups=of_groups([(0, 7, 1)]),
    )
    found = diagnose(data)
    assert found.find("rated-among-negatives", "groups").count == 1
    assert found.find("rated-among-negatives", "users").count == 0


def test_repeated_rows_and_pairs_in_every_table():
    data = make(ratings=((0, 1, 3), (0, 1, 4), (0, 1, 3), (1, 1, 3), (2, 2, 1), (2, 2, 1)))
    found = diagnose(data)
    again = found.find("rows-repeated", "ratings")
    assert (again.count, again.total, again.severity) == (2, 6, "warning")
    assert again.examples == ("user u0, item i1", "user u2, item i2")
    several = found.find("pairs-repeated", "ratings")
    assert (several.count, several.total, several.severity) == (2, 3, "error")
    assert found.find("rows-repeated", "group ratings").count == 0
    twice = diagnose(make(joint=((1, 2, 3), (1, 2, 3)))).find("rows-repeated", "group ratings")
    assert twice.examples == ("group 1, item i2",)


def test_rows_at_different_times_do_not_repeat():
    data = make(ratings=((0, 1, 3), (0, 1, 3), (0, 1, 3)))
    timed = replace(data.ratings, timestamps=np.array([5, 6, 5]))
    assert diagnose(replace(data, ratings=timed)).find("rows-repeated", "ratings").count == 1


def test_a_column_that_tells_repeated_pairs_apart_is_named():
    ratings = ((0, 1, 3), (0, 1, 3), (1, 1, 3))
    table = pd.DataFrame({"User": ["u0", "u0", "u1"], "Ease": [1, 1, 2], "Class": ["DA", "DM", "DA"]})
    data = make(ratings=ratings, tables={"ratings.csv": table, "other.csv": table.head(2)})
    found = diagnose(data)
    title = found.find("pairs-repeated", "ratings").title
    assert title == "pairs with more than one row, one per Class; held out and in training with unit=rows"
    assert found.find("rows-repeated", "ratings").severity == "note"
    plain = diagnose(replace(data, tables={"ratings.csv": table.drop(columns="Class")}))
    assert plain.find("pairs-repeated", "ratings").title.startswith("pairs with more than one row; held out")


def test_groups_members_and_items_without_rows():
    data = make(
        ratings=((0, 0, 1), (2, 1, 1)),
        groups=((0, 1), (2,), (3, 4), (5, 0)),
        joint=((0, 0, 1), (0, 3, 1)),
        given=GivenSplit(groups=held_out([(1, 4, 1)], n=4)),
    )
    found = diagnose(data)
    silent = found.find("members-without-ratings", "members")
    assert (silent.count, silent.total, silent.examples) == (4, 6, ("user u1", "user u3", "user u4"))
    assert found.find("single-members", "groups").examples == ("group 1",)
    assert found.find("groups-without-rows", "groups").examples == ("group 2", "group 3")
    assert found.find("groups-only-held-out", "groups").examples == ("group 1",)
    never = found.find("items-never-chosen", "items")
    assert (never.count, never.total) == (5, 8)
    assert never.examples == ("item i1", "item i2", "item i5")


def test_members_twice_in_a_group_are_found_in_the_data_and_in_the_notes_of_the_loader():
    note = Note("group.csv repeats 2 of its 9 rows", "repeated-memberships", 2, 9, ("group 1, user 2",))
    data = make(groups=((0, 1, 0), (2, 0)), notes=("just words", note))
    found = diagnose(data)
    here = found.find("repeated-memberships", "groups")
    assert (here.count, here.total, here.examples) == (1, 5, ("group 0, user u0",))
    noted = found.find("repeated-memberships", "files")
    assert (noted.count, noted.total, noted.title, noted.examples) == (2, 9, note, note.examples)


def test_catalogues_that_never_meet():
    categories = Features(("class=A", "class=B"), np.array([[1, 0]] * 5 + [[0, 1]] * 3, dtype=float))
    data = make(
        ratings=((0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 2, 1), (2, 5, 1)),
        joint=((0, 0, 1), (0, 5, 1), (1, 5, 1)),
        categories=categories,
    )
    found = diagnose(data)
    users = found.find("catalogues-apart", "users")
    assert (users.count, users.total) == (1, 4)
    assert users.examples == ("3 items such as i0", "item i5 alone")
    assert "2 catalogues" in users.title
    assert found.find("catalogues-apart", "groups").count == 0
    assert found.find("catalogues-apart", "categories").examples == (
        "5 items such as i0",
        "3 items such as i5",
    )
    joined = replace(data, given=GivenSplit(users=held_out([(2, 0, 1)])))
    assert diagnose(joined).find("catalogues-apart", "users").count == 0


def test_claims_are_compared_with_what_the_data_holds():
    data = make(
        ratings=((0, 0, 1), (1, 1, 2.5)),
        joint=((0, 0, 4),),
        given=GivenSplit(users=held_out([(2, 2, 1)]), groups=held_out([(1, 3, 4)], n=2)),
    )
    assert facts(data) == {
        "users": 6,
        "items": 8,
        "ratings": 3,
        "ratings of 1": 2,
        "ratings of 2.5": 1,
        "group ratings": 2,
        "group ratings of 4": 2,
        "groups": 2,
        "memberships": 4,
        "groups of 2": 2,
    }
    found = diagnose(data, claims={"users": 6, "group ratings of 4": 2002, "groups of 3": 1})
    differ = found.find("claims-differ", "documentation")
    assert (differ.count, differ.total) == (2, 3)
    assert differ.examples == (
        "group ratings of 4: 2,002 published, 2 found",
        "groups of 3: 1 published, 0 found",
    )


def test_data_without_groups_or_rows_is_diagnosed_too():
    bare = make(ratings=(), groups=None, joint=None)
    assert diagnose(bare).findings == ()
    assert facts(bare)["groups"] == 0


def test_the_clean_variant_says_so_and_keeps_training_rows():
    data = split(
        groups=of_groups([(0, 0, 1), (0, 1, 1), (1, 2, 1)], [[7], [7, 7, 0, 6], [5, 2]]),
        users=held_out([(1, 1, 1)]),
    )
    clean = without_leaks(data)
    assert (clean.name, clean.title) == ("made:clean", "Made (clean)")
    held = clean.given.groups
    assert held.ratings.items.tolist() == [1]
    assert held.negatives.tolist() == [7, 6]
    assert held.segments.sizes.tolist() == [2]
    assert clean.given.users is data.given.users
    assert clean.ratings is data.ratings
    assert clean.content_hash != data.content_hash
    assert clean.notes == (
        "clean: held-out groups go without 1 of 3 rows, which are training rows too, and without 1 of 3 "
        "rows, which have no right negative, and without 2 of 4 negatives, repeated or positive",
    )
    assert not diagnose(clean).fixable


def test_there_is_no_clean_variant_of_what_is_clean():
    for data in (make(), split(groups=of_groups([(2, 2, 1)], [[7, 6]]))):
        with pytest.raises(ConfigError, match="use 'made' itself"):
            without_leaks(data)


triples = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7), st.just(1)), min_size=1, max_size=8)
sampled = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=6), min_size=8, max_size=8)


@given(triples, triples, sampled)
def test_the_clean_variant_is_what_sets_say_it_is(train, test, negatives):
    data = make(
        groups=((0, 1), (2, 3), (4, 5)),
        joint=train,
        given=GivenSplit(groups=of_groups(test, negatives[: len(test)])),
    )
    trained, known = {t[:2] for t in train}, {t[:2] for t in (*train, *test)}
    right = [
        [i for i in dict.fromkeys(row) if (g, i) not in known]
        for (g, _, _), row in zip(test, negatives, strict=False)
    ]
    expected = [(t[1], row) for t, row in zip(test, right, strict=True) if t[:2] not in trained and row]
    found = diagnose(data)
    assert found.find("held-out-in-training", "groups").count == sum(t[:2] in trained for t in test)
    if not found.fixable:
        assert expected == [(t[1], row) for t, row in zip(test, negatives, strict=False)]
        return
    clean = without_leaks(data)
    held = clean.given.groups
    rows_of = [held.negatives[held.segments.rows(s, s + 1)].tolist() for s in range(len(held.segments))]
    assert list(zip(held.ratings.items.tolist(), rows_of, strict=True)) == expected
    again = diagnose(clean)
    assert all(again.find(code, "groups").count == 0 for code in FIXABLE)


def test_every_code_is_documented():
    data = split(users=held_out([(0, 0, 3)]), groups=of_groups([(0, 1, 1)], [[7]]))
    timed = replace(data.ratings, timestamps=np.array([5]))
    found = diagnose(replace(data, ratings=timed), claims={"users": 6})
    codes = {finding.code for finding in (*found.findings, *found.sound)}
    loaders = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "datasets").glob("*.py"))
    noted = set(re.findall(r'Note\(text, "([a-z-]+)"', loaders))
    page = (ROOT / "docs" / "data-sets.md").read_text(encoding="utf-8")
    section = page.partition("## What the doctor looks for")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", section, flags=re.MULTILINE))
    assert noted
    assert codes | noted == documented


def find(found: Diagnosis, code: str, about: str) -> tuple[int, int]:
    finding = found.find(code, about)
    return finding.count, finding.total


@pytest.mark.data
def test_what_is_known_of_the_real_data_is_found(real_data):
    camra = diagnose(load("camra2011", real_data))
    assert camra.find("held-out-in-training", "groups").share == pytest.approx(0.397, abs=0.0005)
    itm = diagnose(load("itmrec", real_data))
    assert find(itm, "repeated-memberships", "files") == (37, 395)
    assert find(itm, "pairs-repeated", "ratings")[0] == 432
    assert "one per Class" in itm.find("pairs-repeated", "ratings").title
    differ = itm.find("claims-differ", "documentation")
    assert differ.examples == ("group ratings of 4: 2,244 published, 244 found",)
    assert "ReadMe.txt" in differ.title
    assert find(itm, "catalogues-apart", "groups") == (20, 70)
    mafengwo = diagnose(load("mafengwo", real_data))
    assert mafengwo.find("positive-among-negatives", "groups").share == pytest.approx(0.033, abs=0.0005)
    assert find(diagnose(load("ml-100k", real_data)), "claims-differ", "documentation") == (0, 3)


@pytest.mark.data
def test_the_clean_variant_of_the_real_data_has_no_leak(real_data):
    clean = load("camra2011:clean", real_data)
    assert (clean.name, clean.title) == ("camra2011:clean", "CAMRa2011 households (clean)")
    assert len(clean.given.groups.ratings) == 1450 - 576
    assert len(clean.given.users.ratings) == 3010
    found = diagnose(clean)
    assert not found.fixable
    assert all(found.find(code, kind).count == 0 for code in FIXABLE for kind in ("users", "groups"))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["data", "doctor", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_prints_findings_with_examples():
    out = run("itmrec-sim")
    title = "pairs with more than one row, one per Class; held out and in training with unit=rows"
    assert f"error    ratings: {title}: 432 of 4,798, 9.0%" in out
    assert "such as user 1005" in out
    assert "itmrec-sim: 5 findings" in out
    assert "there is nothing to fix" in run("itmrec-sim", "--fix")


def test_the_command_prints_json():
    held = json.loads(run("itmrec-sim", "--fix", "--json"))
    assert held["name"] == "itmrec-sim"
    assert "clean" not in held
    by_place = {(f["code"], f["about"]): f for f in held["findings"] + held["sound"]}
    assert by_place["pairs-repeated", "ratings"]["count"] == 432
    assert by_place["pairs-repeated", "ratings"]["share"] == pytest.approx(432 / 4798)
    assert by_place["catalogues-apart", "users"]["count"] == 0


@pytest.mark.data
def test_the_command_says_what_the_clean_variant_changes(real_data):
    files = {path: path.stat().st_mtime_ns for path in real_data.joinpath("mafengwo").iterdir()}
    folder = ("--data-dir", str(real_data))
    out = run("mafengwo", "--fix", *folder)
    assert "groups: rows whose held-out item is among their negatives: 33 of 995 become 0 of 995" in out
    assert "groupbench run --dataset mafengwo:clean" in out
    held = json.loads(run("mafengwo", "--fix", "--json", *folder))
    assert held["clean"]["name"] == "mafengwo:clean"
    assert not any(finding["fixable"] for finding in held["clean"]["findings"])
    assert {path: path.stat().st_mtime_ns for path in real_data.joinpath("mafengwo").iterdir()} == files
