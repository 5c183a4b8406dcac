"""`groupbench list` and `groupbench explain`."""

from __future__ import annotations

from typing import Annotated

import typer


def list_names(
    name: Annotated[str | None, typer.Argument(help="A kind (methods, datasets ...) or a name.")] = None,
    library: Annotated[
        str | None, typer.Option("--from", help="Methods of another library: cornac or lenskit.")
    ] = None,
) -> None:
    """List methods, data sets, aggregators, metrics and views; or the parameters of one."""
    from groupbench.cli import _describe
    from groupbench.core.errors import ConfigError

    if library is None:
        typer.echo(_describe.listing(name))
    elif name not in (None, "methods"):
        raise ConfigError(f"--from {library} lists methods; type: groupbench list methods --from {library}")
    else:
        typer.echo(_describe.models_of(library))


def explain(
    name: Annotated[str, typer.Argument(help="A metric (ndcg@10), view, aggregator, method or data set.")],
) -> None:
    """Print definition, formula and source of anything that has a name."""
    from groupbench.cli import _describe

    typer.echo(_describe.explanation(name))
