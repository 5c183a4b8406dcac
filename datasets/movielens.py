"""MovieLens 100K, 1M and latest-small (Harper & Konstan, 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench import Dataset, Features, dataset
from groupbench.data.loading import IdColumn, multi_hot, one_hot, rating_rows, side_by_side, sorted_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from groupbench.data.loading import Source, TextTable

AGES = ("under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56 and over")
"""The age classes of MovieLens 1M; ages of 100K are sorted into them."""

FROM = (18, 25, 35, 45, 50, 56)
"""The youngest age of each class but the first."""

OCCUPATIONS = (
    "other",
    "academic",
    "artist",
    "clerical",
    "college",
    "service",
    "doctor",
    "executive",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales",
    "scientist",
    "self-employed",
    "technician",
    "tradesman",
    "unemployed",
    "writer",
)
"""What the occupation codes 0 to 20 of MovieLens 1M stand for."""

NO_GENRE = ("", "unknown", "(no genres listed)")


@dataset("ml-100k")
def ml_100k(source: Source) -> Dataset:
    """MovieLens 100K: 100,000 ratings of 1,682 films by 943 users."""
    genres = source.table("u.genre", ("genre", "code"), separator="|", quoted=False).frame["genre"]
    of_item = ("item", "title", "date", "video_date", "url", *genres)
    of_user = ("user", "age", "gender", "occupation", "zip")
    ratings = source.table("u.data", ("user", "item", "rating", "timestamp"), separator="\t")
    users = source.table("u.user", of_user, separator="|", quoted=False)
    items = source.table("u.item", of_item, separator="|", quoted=False, encoding="latin-1")
    marked = items.frame[list(genres)].to_numpy(dtype=object) == "1"
    lists = ["|".join(genres[row]) for row in marked]
    return _assembled(source, ratings, items.assigned(genres=lists), users, (1.0, 5.0))


@dataset("ml-1m")
def ml_1m(source: Source) -> Dataset:
    """MovieLens 1M: 1,000,209 ratings by 6,040 users; all 3,883 listed films are kept."""
    files = {
        "ratings.dat": ("user", "item", "rating", "timestamp"),
        "users.dat": ("user", "gender", "age", "occupation", "zip"),
        "movies.dat": ("item", "title", "genres"),
    }
    ratings, users, items = (
        source.table(name, columns, separator="::", quoted=False, encoding="latin-1")
        for name, columns in files.items()
    )
    codes = users.numbers("occupation", 0, len(OCCUPATIONS) - 1).astype(int)
    users = users.assigned(occupation=np.array(OCCUPATIONS, dtype=object)[codes])
    return _assembled(source, ratings, items, users, (1.0, 5.0))


@dataset("ml-latest-small")
def ml_latest_small(source: Source) -> Dataset:
    """MovieLens latest-small (2018): 100,836 ratings by 610 users; all 9,742 listed films are kept."""
    ratings = source.table("ratings.csv").require("userId", "movieId", "rating", "timestamp")
    items = source.table("movies.csv").require("movieId", "title", "genres")
    names = {"userId": "user", "movieId": "item"}
    ratings, items = ratings.renamed(names), items.renamed(names)
    return _assembled(source, ratings, items, None, (0.5, 5.0))


def _assembled(
    source: Source, ratings: TextTable, items: TextTable, users: TextTable | None, scale: tuple[float, float]
) -> Dataset:
    ratings.distinct(("user", "item"))
    user_ids = sorted_ids((ratings if users is None else users).uniques("user"))
    item_ids = sorted_ids(items.uniques("item"))
    frame = items.frame.set_index("item").reindex(list(item_ids))
    genres = _genres(frame["genres"])
    tables = {"ratings": ratings, "items": items} | ({} if users is None else {"users": users})
    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=rating_rows(
            ratings,
            IdColumn("user", user_ids, "the file of users"),
            IdColumn("item", item_ids, "the file of films"),
            scale=scale,
        ),
        user_ids=user_ids,
        item_ids=item_ids,
        scale=scale,
        user_features=None if users is None else _user_features(users, user_ids),
        item_features=side_by_side(genres, one_hot("year", _decades(frame["title"]))),
        item_texts=tuple(frame["title"]),
        categories=genres,
        tables={name: table.typed("user", "item", "zip") for name, table in tables.items()},
    )


def _user_features(users: TextTable, user_ids: Sequence[str]) -> Features | None:
    ages = np.searchsorted(FROM, users.numbers("age", 0, 120), side="right")
    frame = users.frame.assign(age=np.array(AGES, dtype=object)[ages])
    frame = frame.set_index("user").reindex(list(user_ids))
    return side_by_side(*(one_hot(column, frame[column]) for column in ("gender", "age", "occupation")))


def _genres(genres: pd.Series[str]) -> Features:
    return multi_hot("genre", genres.where(~genres.isin(NO_GENRE), ""))


def _decades(titles: pd.Series[str]) -> pd.Series[str]:
    """The decade of the year that ends a film's title, as in `1990s`, or `unknown`."""
    years = titles.str.extract(r"\((\d{3})\d(?:[-–]\d*)?\)\s*$", expand=False)
    return (years + "0s").fillna("unknown")
