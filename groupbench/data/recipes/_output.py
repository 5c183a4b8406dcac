"""The folder that a recipe leaves: a data set, and a manifest that says how it came about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
        OSError: if a file cannot be written.
    """
    write_split(dataset, folder)
    for file, kind in TABLES.items():
        if file in dataset.tables:
            frame = dataset.tables[file]
            ids = set(dataset.user_ids if kind == "user" else dataset.item_ids)
            frame[frame[kind].isin(ids)].to_csv(folder / file, index=False)
    low, high = dataset.scale
    stated: dict[str, object] = {"title": name if dataset.title == recipe.name else dataset.title}
    stated |= {"scale": [low, high]} if dataset.scale != CHOICES else {}
    stated |= {"layout": "split"} if low == high or dataset.given is not None else {}
    if dataset.social is not None and dataset.social.directed:
        stated["social"] = "directed"
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in stated.items()]
    (folder / "dataset.toml").write_text("".join(lines), encoding="utf-8")
    manifest = describe(recipe, dataset, tally)
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return manifest


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


def _counts(dataset: Dataset) -> dict[str, object]:
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
        "users": len(dataset.user_ids),
        "items": len(dataset.item_ids),
        "groups": 0 if groups is None else len(groups),
        "groups by size": {str(size): int(n) for size, n in sizes.items()},
        "members": 0 if groups is None else len(np.unique(groups.members)),
        "training rows of users": len(dataset.ratings),
        "training rows of groups": 0 if joint is None else len(joint),
        **{name: 0 if part is None else len(part.ratings) for name, part in held.items()},
    }


def _in_profiles(dataset: Dataset) -> dict[str, object]:
    """How many held-out rows of groups have an item that a member has in its own training rows."""
    given = dataset.given or GivenSplit()
    found: dict[str, object] = {}
    for part, held in (("validation", given.validation_groups), ("test", given.groups)):
        if held is not None and dataset.groups is not None:
            known = known_to_members(dataset.groups, dataset.ratings, held.ratings)
            found[part] = {"rows": len(known), "known": int(known.sum()), "share": float(known.mean())}
    return found
