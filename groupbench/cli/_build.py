"""`groupbench data build`: one command per recipe, with the recipe's options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groupbench.cli._options import with_options
from groupbench.data.recipes import RECIPES, Recipe, build_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

LISTED = 12
"""Sizes of groups that are shown."""

app = typer.Typer(help="Make a data set with groups of raw logs.", no_args_is_help=True)


def _command(kind: type[Recipe]) -> Callable[..., None]:
    """The command of a recipe."""

    def command(output: Path, recipe: Recipe) -> None:
        for line in _summary(build_folder(recipe, output), output):
            typer.echo(line)

    command.__doc__ = kind.__doc__
    command.__name__ = kind.name
    option = typer.Option("--output", "-o", help="A new folder.", rich_help_panel="Output")
    command.__annotations__ = {"output": Annotated[Path, option], "recipe": kind, "return": None}
    return with_options(command)


for _name, _kind in RECIPES.items():
    app.command(_name)(_command(_kind))


def _summary(manifest: Mapping[str, Any], output: Path) -> list[str]:
    """What a manifest says, in lines."""
    lines = [f"{name:26s} {count:,}" for name, count in manifest["counts"].items() if isinstance(count, int)]
    sizes = [f"{n:,} of {size}" for size, n in manifest["counts"]["groups by size"].items()]
    more = f" and {len(sizes) - LISTED} further sizes" if len(sizes) > LISTED else ""
    lines += [f"{'groups by size':26s} {', '.join(sizes[:LISTED])}{more}"] if sizes else []
    lines += [f"left out: {n:,} {reason}" for reason, n in manifest["dropped"].items() if n]
    for part, known in manifest["held_out_in_profiles"].items():
        lines.append(
            f"{part} rows of groups whose item a member has in training: {known['known']:,} of "
            f"{known['rows']:,}, {known['share']:.1%}"
        )
    return [*lines, f"note: {manifest['implies']}", f"written to {output}; run it with --dataset {output}"]
