"""`groupbench env make|list|remove`: environments of their own for libraries that do not fit beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from groupbench.core.registry import Namespace

app = typer.Typer(help="Give a library a Python environment of its own.", no_args_is_help=True)
Library = Annotated[str, typer.Argument(help="The library: what stands before the colon of its methods.")]


@app.command("make")
def make_environment(
    library: Library,
    packages: Annotated[
        list[str] | None,
        typer.Argument(
            help="What else to install, as pip takes it: 'numpy<2' 'cornac==2.2'.", metavar="PACKAGE"
        ),
    ] = None,
    python: Annotated[
        str, typer.Option(help="The Python to make it of.", show_default="the one that runs this")
    ] = "",
) -> None:
    """Install a library in an environment of its own; from then on its methods run there."""
    found = _library(library)
    made = found.make(packages or [], python)
    typer.echo(f"{library} {found.version} in {made.folder}; see: groupbench list methods --from {library}")


@app.command("list")
def list_environments() -> None:
    """Show all environments with the versions in them."""
    from groupbench.core import environments
    from groupbench.core.errors import ConfigError

    made = list(environments.environments())
    for environment in made:
        try:
            text = _summary(_library(environment.name))
        except ConfigError as error:
            text = f"{environment.name}: {error}"
        typer.echo(f"{text}  {environment.folder}")
    if not made:
        typer.echo("there is no environment; make one: groupbench env make recbole")


@app.command("remove")
def remove_environment(library: Library) -> None:
    """Remove the environment of a library; its methods run beside groupbench again, if it is there."""
    from groupbench.core import environments

    typer.echo(f"{environments.remove(library)} is removed")


def _summary(library: Namespace) -> str:
    versions = library.versions
    numpy = f"numpy {versions['numpy']}, " if "numpy" in versions else ""
    count = f"{len(versions) - 1} packages"
    return f"{library.name} {library.version}: Python {versions['python']}, {numpy}{count}"


def _library(name: str) -> Namespace:
    from groupbench.core.errors import ConfigError, unknown
    from groupbench.core.registry import methods

    if name not in methods.namespaces:
        raise ConfigError(unknown("library", name, methods.namespaces))
    return methods.namespaces[name]
