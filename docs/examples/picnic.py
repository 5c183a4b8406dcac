"""Votes on dishes, and the parties that people came in: a small data set of made-up files."""

from __future__ import annotations

from groupbench import Dataset, dataset
from groupbench.data.loading import (
    IdColumn,
    Source,
    memberships,
    one_hot,
    rating_rows,
    sorted_ids,
    without_repeats,
)

SCALE = (1.0, 5.0)


@dataset("picnic")
def load(source: Source) -> Dataset:
    """Picnic: people vote on dishes; a made-up example."""
    votes = source.table("votes.csv").require("person", "dish", "stars")
    votes.distinct(["person", "dish"])
    dishes = source.table("dishes.csv").require("dish", "kind")
    parties = source.table("parties.csv").require("party", "person")
    people = sorted_ids(votes.frame["person"])
    menu = tuple(dishes.frame["dish"])
    return Dataset(
        name=source.card.name,
        title="Picnic (made up)",
        ratings=rating_rows(
            votes,
            IdColumn("person", people, "votes.csv"),
            IdColumn("dish", menu, "dishes.csv"),
            "stars",
            scale=SCALE,
        ),
        user_ids=people,
        item_ids=menu,
        scale=SCALE,
        groups=memberships(
            without_repeats(source, parties, "party", "person"), "party", "person", people, "votes.csv"
        ),
        item_features=one_hot("kind", dishes.frame["kind"]),
        simulated=True,
    )
