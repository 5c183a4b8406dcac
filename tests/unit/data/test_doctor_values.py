"""What the doctor says of ratings, times and ids, each against a plain count."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.doctor import Finding, diagnose
from groupbench.data.groups import Groups


def data_of(values, times=None, users=None, items=None, groups=None) -> Dataset:
    """A data set with one row of user 0 and item 0 for each value."""
    n = len(values)
    users, items = users or ("u0", "u1"), items or ("i0", "i1")
    zeros = np.zeros(n, dtype=np.int64)
    stamps = None if times is None else np.array(times)
    return Dataset(
        name="made",
        title="Made",
        ratings=Ratings(zeros, zeros, np.array(values, float), len(users), len(items), stamps),
        user_ids=tuple(users),
        item_ids=tuple(items),
        scale=(min(values, default=1), max(values, default=5)),
        groups=groups and Groups.from_lists([[0]] * len(groups), groups),
    )


def found(data: Dataset, code: str, about: str = "ratings") -> Finding:
    return diagnose(data).find(code, about)


def test_a_rating_far_from_all_others_is_found_at_either_end():
    stars = [1, 2, 3, 4, 5] * 40
    for far, shown in ((100, "100"), (-50, "-50")):
        finding = found(data_of([*stars, far, far]), "ratings-far-out", "all ratings")
        assert (finding.count, finding.total) == (2, 202)
        assert finding.examples == (f"{shown}, in 2 rows",)
        assert "which go from 1 to 5" in finding.title


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3, 4, 5] * 40,
        [1] * 50,
        [0] * 199 + [1],
        [1, 2] * 99 + [100],
        [0, 5, 10, 50, 95, 100] * 40,
        [1, 2, 3, 4, 5] * 20 + [100] * 20,
        [*range(1, 200), 350],
        [],
    ],
    ids=["stars", "ones", "votes", "two levels", "gaps", "many", "long tail", "none"],
)
def test_no_rating_is_far_out_on_scales_that_are_used(values):
    assert found(data_of(values), "ratings-far-out", "all ratings").count == 0


@given(st.lists(st.integers(-30, 30), max_size=60))
def test_ratings_far_out_are_those_that_sorting_gives(values):
    levels = sorted(set(values))
    expected = 0
    if len(levels) > 3:
        gap, at = max((b - a, -i) for i, (a, b) in enumerate(pairwise(levels)))
        parts = [v for v in values if v <= levels[-at]], [v for v in values if v > levels[-at]]
        few, many = sorted(parts, key=len)
        if len(parts[0]) == len(parts[1]):
            many, few = parts
        clear = len(set(many)) >= 3 and gap > max(many) - min(many)
        expected = len(few) if len(few) <= max(1, 0.01 * len(values)) and clear else 0
    assert found(data_of(values), "ratings-far-out", "all ratings").count == expected


@given(st.lists(st.sampled_from([1, 2, 2.5, 3, 3.5, 4.25, 5]), max_size=30))
def test_rows_with_fractions_are_counted(values):
    finding = found(data_of(values), "ratings-with-fractions")
    assert (finding.count, finding.severity) == (sum(v % 1 != 0 for v in values), "note")
    assert "SlopeOne and CoClustering" in finding.title


def test_surprise_cuts_fractions_in_the_two_models_that_are_named():
    surprise = pytest.importorskip("surprise")
    import pandas as pd

    rng = np.random.default_rng(0)
    pairs = rng.choice(20 * 15, 150, replace=False)
    frame = pd.DataFrame({"u": pairs // 15, "i": pairs % 15, "r": rng.choice([1, 1.5, 2.5, 4, 4.5], 150)})

    def predicted(model, ratings):
        reader = surprise.Reader(rating_scale=(0, 5))
        rows = surprise.Dataset.load_from_df(frame.assign(r=ratings), reader).build_full_trainset()
        fitted = model.fit(rows)
        return [fitted.predict(u, i, clip=False).est for u in range(20) for i in range(15)]

    co = lambda: surprise.CoClustering(random_state=0)  # noqa: E731
    whole = np.floor(frame["r"])
    np.testing.assert_allclose(predicted(co(), frame["r"]), predicted(co(), whole))
    shift = np.subtract(predicted(surprise.SlopeOne(), frame["r"]), predicted(surprise.SlopeOne(), whole))
    users = frame["r"].sub(whole).groupby(frame["u"]).mean().reindex(range(20))
    # The deviations are the same, and the mean of the user is all that keeps its fraction.
    np.testing.assert_allclose(shift.reshape(20, 15)[:, 0], users, atol=0.3)
    svd = [predicted(surprise.SVD(random_state=0), r) for r in (frame["r"], whole)]
    assert not np.allclose(*svd)


DAY = int(datetime(2021, 5, 6, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(("power", "unit"), [(1, "milliseconds"), (2, "microseconds"), (3, "nanoseconds")])
def test_times_in_smaller_units_are_named(power, unit):
    times = [(DAY + i) * 1000**power for i in range(4)]
    finding = found(data_of([1, 2, 3, 4], times), "times-not-in-seconds")
    assert (finding.count, finding.severity) == (4, "note")
    assert unit in finding.title
    assert found(data_of([1, 2, 3, 4], times), "times-in-several-units").count == 0


@pytest.mark.parametrize("times", [[DAY, DAY + 1], [1, 2], [20210506, 20210507], [202105061530, 0], [-5, 7]])
def test_seconds_and_times_that_are_no_dates_are_let_be(times):
    for code in ("times-not-in-seconds", "times-in-several-units"):
        assert found(data_of([1, 2], times), code).count == 0


def unit_of(time: int) -> int | None:
    """The power of 1000 by which a time is a date from 1990 to 2099, by the calendar."""
    for power in range(4):
        seconds = time / 1000**power
        if 0 < seconds < 1e10 and 1990 <= datetime.fromtimestamp(seconds, UTC).year < 2100:
            return power
    return None


@given(st.lists(st.tuples(st.integers(631152000, 4102444799), st.integers(0, 3)), max_size=12))
def test_mixed_units_are_what_the_calendar_says(dated):
    times = [seconds * 1000**power for seconds, power in dated]
    units = [unit_of(time) for time in times]
    assert units == [power for _, power in dated]
    data = data_of([1] * len(times), times)
    most = max((units.count(power), -power) for power in range(4))[0]
    mixed = found(data, "times-in-several-units")
    assert (mixed.count, mixed.severity) == (len(times) - most, "error")
    assert found(data, "times-not-in-seconds").count == sum(power > 0 for _, power in dated)


def test_a_table_in_another_unit_than_the_others_is_found():
    data = data_of([1] * 5, [DAY + i for i in range(5)])
    later = data.ratings.take(slice(3))
    assert later.timestamps is not None
    held = replace(later, timestamps=later.timestamps * 1000)
    both = replace(data, given=GivenSplit(users=HeldOutRows(held)))
    assert found(both, "times-in-several-units", "held-out users").count == 3
    assert found(both, "times-in-several-units").count == 0


def test_ids_that_differ_in_case_blanks_or_form_are_shown():
    users = ["Ann", "ann ", "a nn", "Bob", "７", "7", "straße", "STRASSE", "Zoe"]
    finding = found(data_of([1], users=users, items=["ﬁlm", "film"]), "ids-nearly-equal", "users")
    assert (finding.count, finding.total, finding.severity) == (7, 9, "warning")
    assert finding.examples == ("user 'Ann' and 'ann '", "user '７' and '7'", "user 'straße' and 'STRASSE'")
    data = data_of([1], items=["ﬁlm", "film"], groups=["g 1", "g1", "g2"])
    assert found(data, "ids-nearly-equal", "items").examples == ("item 'ﬁlm' and 'film'",)
    assert found(data, "ids-nearly-equal", "groups").count == 2


def test_ids_with_zeros_or_marks_of_their_own_are_different():
    users = ["7", "07", "7-", "é", "e", "7.0"]
    assert found(data_of([1], users=users), "ids-nearly-equal", "users").count == 0


@given(st.lists(st.text("aAbB ﬁ７é\t1", max_size=3), min_size=1, max_size=12, unique=True))
def test_nearly_equal_ids_are_those_of_a_dictionary(users):
    def plain(text: str) -> str:
        return "".join(unicodedata.normalize("NFKC", text).casefold().split())

    keys = [plain(unicodedata.normalize("NFKC", plain(user))) for user in users]
    expected = sum(keys.count(key) > 1 for key in keys)
    assert found(data_of([1], users=users), "ids-nearly-equal", "users").count == expected
