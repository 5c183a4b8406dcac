"""The folder that a recipe leaves: a data set, and a manifest that says how it came about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import distinct
from groupbench.core.errors import ConfigError
from groupbench.core.version import VERSION
from groupbench.data.dataset import GivenSplit
from groupbench.data.leakage import known_to_members
from groupbench.data.loading.layouts import CHOICES, write_split
from groupbench.data.recipes._restriction import TABLES

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.data.recipes._base import Recipe
    from groupbench.data.recipes._log import Tally

MANIFEST = "manifest.json"
"""The file that says how a folder came about."""


def write(folder: Path, recipe: Recipe, dataset: Dataset, tally: Tally, name: str) -> dict[str, Any]:
    """Write a data set into an empty folder; returns its manifest.

    Raises:
        ConfigError: if too little is left for a data set.
        OSError: if a file cannot be written.
    """
    manifest = describe(recipe, dataset, tally)
    _require_enough(manifest["counts"], 1 if _is_split(dataset) else 2)
    write_split(dataset, folder)
    for file, kind in TABLES.items():
        if file in dataset.tables:
            frame = dataset.tables[file]
            ids = set(dataset.user_ids if kind == "user" else dataset.item_ids)
            left = frame[frame[kind].isin(ids)]
            if len(left):
                left.to_csv(folder / file, index=False)
    low, high = dataset.scale
    stated: dict[str, object] = {"title": name if dataset.title == recipe.name else dataset.title}
    stated |= {"scale": [low, high]} if dataset.scale != CHOICES else {}
    stated |= {"layout": "split"} if _is_split(dataset) else {}
    if dataset.social is not None and dataset.social.directed:
        stated["social"] = "directed"
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in stated.items()]
    (folder / "dataset.toml").write_text("".join(lines), encoding="utf-8")
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return manifest


def _is_split(dataset: Dataset) -> bool:
    """Whether the folder has the layout `split`, which reads no features."""
    low, high = dataset.scale
    return low == high or dataset.given is not None


def _require_enough(counts: dict[str, int], least: int) -> None:
    if min(counts["users"], counts["items"]) < least:
        raise ConfigError(
            f"the recipe leaves {counts['users']} users and {counts['items']} items, and a benchmark needs "
            "two of each at least; relax its options, or name a longer log"
        )
    if not counts["training rows of users"]:
        raise ConfigError(
            "no row of a user is left for training; give training a share in --user-shares, or take "
            "--member-rows keep"
        )


def describe(recipe: Recipe, dataset: Dataset, tally: Tally) -> dict[str, Any]:
    """The manifest of a data set: recipe, options, inputs, counts, and what the recipe implies."""
    files = {name for name, field in type(recipe).model_fields.items() if "Path" in str(field.annotation)}
    return {
        "recipe": recipe.name,
        "source": recipe.source,
        "groupbench": VERSION,
        "seed": recipe.seed,
        "options": recipe.model_dump(mode="json", exclude={*files, "seed"}),
        "inputs": tally.inputs,
        "counts": _counts(dataset),
        "dropped": tally.dropped,
        "facts": tally.facts,
        "implies": recipe.implies,
        "held_out_in_profiles": _in_profiles(dataset),
    }


def _counts(dataset: Dataset) -> dict[str, Any]:
    given, groups = dataset.given or GivenSplit(), dataset.groups
    sizes = {} if groups is None else dict(zip(*np.unique(groups.sizes, return_counts=True), strict=True))
    held = {
        "validation rows of users": given.validation_users,
        "test rows of users": given.users,
        "validation rows of groups": given.validation_groups,
        "test rows of groups": given.groups,
    }
    joint = dataset.group_ratings
    return {
        **_named(dataset),
        "groups": 0 if groups is None else len(groups),
        "groups by size": {str(size): int(n) for size, n in sizes.items()},
        "members": 0 if groups is None else len(np.unique(groups.members)),
        "training rows of users": len(dataset.ratings),
        "training rows of groups": 0 if joint is None else len(joint),
        **{name: 0 if part is None else len(part.ratings) for name, part in held.items()},
    }


def _named(dataset: Dataset) -> dict[str, int]:
    """How many users and items the files name: of some that are left there may be no row."""
    given, groups, joint = dataset.given or GivenSplit(), dataset.groups, dataset.group_ratings
    of_users, of_groups = (given.users, given.validation_users), (given.groups, given.validation_groups)
    own = [dataset.ratings, *(part.ratings for part in of_users if part)]
    shared = [*([joint] if joint else []), *(part.ratings for part in of_groups if part)]
    sampled = [part.negatives for part in (*of_users, *of_groups) if part and part.negatives is not None]
    users = [*(rows.users for rows in own), *([groups.members] if groups else [])]
    found = {"user": users, "item": [*(rows.items for rows in (*own, *shared)), *sampled]}
    ids = {"user": dataset.user_ids, "item": dataset.item_ids}
    named = {
        kind: {ids[kind][code] for code in distinct(np.concatenate(codes))} for kind, codes in found.items()
    }
    for file, kind in TABLES.items():
        if file in dataset.tables and not _is_split(dataset):
            named[kind] |= set(dataset.tables[file][kind]) & set(ids[kind])
    return {f"{kind}s": len(names) for kind, names in named.items()}


def _in_profiles(dataset: Dataset) -> dict[str, object]:
    """How many held-out rows of groups have an item that a member has in its own training rows."""
    given = dataset.given or GivenSplit()
    found: dict[str, object] = {}
    for part, held in (("validation", given.validation_groups), ("test", given.groups)):
        if held is not None and dataset.groups is not None:
            known = known_to_members(dataset.groups, dataset.ratings, held.ratings)
            found[part] = {"rows": len(known), "known": int(known.sum()), "share": float(known.mean())}
    return found
