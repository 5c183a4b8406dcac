"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Names = Annotated[
    list[str] | None, typer.Option(help="Names, comma-separated or repeated; 'all' is every one.")
]
Only = Annotated[list[str] | None, typer.Option(help="Only these; comma-separated or repeated.")]
Protocol = Annotated[str | None, typer.Option(help="paper, coupled, natural or given.")]
ProtocolOptions = Annotated[
    list[str] | None, typer.Option("--option", help="A protocol option, KEY=VALUE (groups=natural).")
]
GroupsAs = Annotated[
    list[str] | None,
    typer.Option(
        help="How recommenders of users serve groups with rows of their own: members, rows or both; "
        "default: each that the data allows."
    ),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="A hyperparameter, METHOD.NAME=VALUE (svd.n_factors=50).")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="TOML file with these options, as 'tune' writes it.")
]
Plugins = Annotated[
    list[str] | None, typer.Option("--plugin", help="Python file that adds methods, data sets and the like.")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of original data files.")]
Results = Annotated[Path, typer.Option(help="Results folder.")]
Seed = Annotated[int, typer.Option(min=0, help="Number of the repeat.")]
Executor = Annotated[str | None, typer.Option(help="Where jobs are done: local, or ray for a cluster.")]
Address = Annotated[
    str | None,
    typer.Option(help="HOST:PORT of the Ray cluster; default: RAY_ADDRESS, or one on this machine."),
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="Jobs at a time; default: one a core.")]
Threads = Annotated[int | None, typer.Option(help="Threads of each worker.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Aggregator = Annotated[str, typer.Option(help="A name, 'best' or 'all'.")]
Level = Annotated[float, typer.Option(help="Level of the tests.")]


def split_names(texts: list[str] | None, option: str = "") -> list[str] | None:
    """The names in repeated, comma-separated options; None stays None.

    Args:
        texts: what was written.
        option: name of the option, if it must not be there without a name.

    Raises:
        ConfigError: if it is.
    """
    from groupbench.core.errors import ConfigError

    if texts is None:
        return None
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if option and not names:
        raise ConfigError(f"--{option}: name at least one, or leave it out")
    return names


def require_place(file: Path) -> None:
    """Raise a `ResultError` if a file cannot be written there, before the work that it is to hold is done."""
    import os

    from groupbench.core.errors import ResultError

    folder = next(place for place in file.absolute().parents if place.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK) or file.is_dir():
        where = "it is a folder" if file.is_dir() else f"{folder} is no folder to write to"
        raise ResultError(f"cannot write {file}: {where}; choose another file with -o")


def protocol_options(protocol: str | None, options: list[str] | None) -> dict[str, Any]:
    """What `Protocol` and `ProtocolOptions` ask for, as a config holds it.

    Raises:
        ConfigError: if an option is not written KEY=VALUE.
    """
    from groupbench.runner.config import parse_options

    return ({} if protocol is None else {"name": protocol}) | parse_options(options or [])
