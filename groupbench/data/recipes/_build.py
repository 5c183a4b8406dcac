"""From raw logs to a folder, in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.files import expanded, new_folder
from groupbench.data.recipes._all_rated import AllRated, AllRatedLiked
from groupbench.data.recipes._attendance import AttendanceComponents
from groupbench.data.recipes._base import Recipe
from groupbench.data.recipes._co_presence import CoPresence
from groupbench.data.recipes._co_visit import CoVisit
from groupbench.data.recipes._log import Tally
from groupbench.data.recipes._output import write
from groupbench.data.recipes._similar import SimilarByEmbedding
from groupbench.data.recipes._subset import Subset

RECIPES: Mapping[str, type[Recipe]] = {
    recipe.name: recipe
    for recipe in (
        AttendanceComponents,
        CoVisit,
        CoPresence,
        AllRated,
        AllRatedLiked,
        SimilarByEmbedding,
        Subset,
    )
}
"""The recipes by name."""


def build(recipe: str, out: str | os.PathLike[str], **options: object) -> dict[str, Any]:
    """Make a folder data set of raw logs, as `groupbench data build` does.

    Args:
        recipe: one of `RECIPES`.
        out: a new folder. It appears whole or not at all.
        options: the recipe's, by the names of its fields, such as `log="checkins.csv"`, `window=15`.

    Returns:
        What `manifest.json` in the folder holds: recipe, options, sha256 of the files, counts of what was
        kept and left out, and what the recipe implies.

    Raises:
        ConfigError: if there is no such recipe or option, an option is wrong, or `out` exists.
        DatasetError: naming file and line of what is wrong in a file.
        ResultError: if the folder cannot be written.
    """
    if recipe not in RECIPES:
        raise ConfigError(unknown("recipe", recipe, RECIPES))
    return build_folder(RECIPES[recipe].make(**options), Path(expanded(out)))


def build_folder(recipe: Recipe, out: Path) -> dict[str, Any]:
    """As `build`, with a recipe whose options are checked."""
    with new_folder(out) as folder:
        tally = Tally()
        return write(folder, recipe, recipe.dataset(tally), tally, out.name)
