"""The options of commands: those of models, read from their fields, and a few that commands share."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

if typing.TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from groupbench.core.options import Flag, Options

Only = Annotated[
    list[str] | None,
    typer.Option(help="Only these; comma-separated or repeated.", rich_help_panel="Rows"),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="TOML file with these options, as 'tune' writes it.",
        rich_help_panel="Data",
    ),
]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="Python file that adds methods, data sets and the like.",
        rich_help_panel="Data",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder of original data files.", show_default="GROUPBENCH_DATA", rich_help_panel="Data"
    ),
]
Results = Annotated[Path, typer.Option(help="Results folder.", rich_help_panel="Data")]
ResultsOutput = Annotated[
    Path, typer.Option(help="Results folder; what it holds is not done again.", rich_help_panel="Output")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the split and the fit.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel="Output")
]
Aggregator = Annotated[str, typer.Option(help="A name, 'best' or 'all'.")]
Level = Annotated[float, typer.Option(help="Level of the tests.")]

NOT_OF_DATA = (
    *("methods", "references", "k", "set", "tuned", "groups_as", "group_weight", "aggregators", "seeds"),
    *("executor", "address", "jobs", "threads", "train_workers", "memory_budget", "deterministic", "timeout"),
    "watts",
)
"""Fields of a config that say nothing of data and protocol."""


class Except:
    """Marks a parameter that is a model: a command has no options for these fields."""

    def __init__(self, *fields: str) -> None:
        self.fields = fields


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """The function as a command: for each parameter that is a model of options, it has these options.

    `config: Annotated[Config, Except("tuned")]` becomes `--dataset`, `--seeds` and so on; the function gets
    the model that they make, for a `Config` with the file of `--config` below them. What is left out on the
    command line is left out here too, so that the file's value or the default of the field counts.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    models: dict[str, tuple[type[Options], list[str]]] = {}
    parameters = [inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        if (kind := _model(hint)) is None:
            parameters.append(parameter.replace(annotation=hint, kind=inspect.Parameter.KEYWORD_ONLY))
        else:
            skipped = (
                [field for mark in hint.__metadata__ for field in mark.fields] if hint is not kind else []
            )
            own = [one for one in _parameters(kind) if one.name not in skipped]
            models[parameter.name] = kind, [one.name for one in own]
            parameters += own

    def command(context: typer.Context, **values: object) -> None:
        given = {name for name in values if str(context.get_parameter_source(name)).endswith("COMMANDLINE")}
        for name, (kind, fields) in models.items():
            options = {field: values.pop(field) for field in fields}
            values[name] = _made(kind, {field: options[field] for field in fields if field in given})
        function(**values)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command


def _model(hint: Any) -> type[Options] | None:
    """The model that a type hint names, if it names one."""
    from groupbench.core.options import Options

    kind = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    return kind if isinstance(kind, type) and issubclass(kind, Options) else None


def _made(kind: type[Options], given: dict[str, Any]) -> Options:
    from groupbench.runner.config import Config, make_config

    for name, field in kind.model_fields.items():
        if name in given and _mark(field).names:
            given[name] = ",".join(given[name])
    return make_config(given.pop("config", None), **given) if kind is Config else kind.make(**given)


def _parameters(kind: type[Options]) -> Iterator[inspect.Parameter]:
    """The options of a model as parameters of a command, in the order of its fields."""
    from groupbench.runner.config import Config

    for name, field in kind.model_fields.items():
        if name == "protocol" and kind is Config:
            yield from _of_protocol(field)
        elif _mark(field).panel:
            yield _parameter(name, field, _mark(field))
    if kind is Config:
        yield inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, annotation=ConfigFile, default=None)


def _of_protocol(field: FieldInfo) -> Iterator[inspect.Parameter]:
    """The protocol's name, its most usual options, and one option for all others."""
    from groupbench.core.options import Flag
    from groupbench.evaluation.protocols import PROTOCOLS
    from groupbench.runner.config import PROTOCOL_KEYS

    mark = _mark(field)
    yield _parameter("protocol", field, mark, str)
    for name in PROTOCOL_KEYS:
        fields = {
            label: kind.model_fields[name] for label, kind in PROTOCOLS.items() if name in kind.model_fields
        }
        defaults = {label: _shown(one.default) for label, one in fields.items() if one.default is not None}
        same = len(set(defaults.values())) == 1
        words = [text if same else f"{text} for {label}" for label, text in defaults.items()]
        first = next(iter(fields.values()))
        unset = ", ".join(dict.fromkeys(words)) or "that of each view"
        yield _parameter(name, first, Flag(mark.panel, unset=unset), default=None)
    text = typer.Option(
        "--option",
        metavar="KEY=VALUE",
        help="Another option of the protocol (group_features=shares).",
        rich_help_panel=mark.panel,
    )
    yield inspect.Parameter(
        "option", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[list[str] | None, text], default=None
    )


_ITSELF = object()


def _parameter(
    name: str, field: FieldInfo, mark: Flag, kind: Any = None, default: Any = _ITSELF
) -> inspect.Parameter:
    default = field.default if default is _ITSELF else default
    kind = _plain(field.annotation) if kind is None else kind
    if isinstance(default, dict | list) and not default:
        default = None
    elif kind is str and default is not None:
        default = str(default)
    option = typer.Option(
        *mark.flags,
        help=" ".join((field.description or "").split()),
        rich_help_panel=mark.panel,
        metavar=mark.metavar,
        show_default=mark.unset or default is not None,
    )
    annotation: Any = Annotated[kind if default is not None else kind | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _plain(annotation: Any) -> Any:
    """The type that the command line reads for a field: text wherever the model makes something of it."""
    parts = [part for part in typing.get_args(annotation) if part is not type(None)]
    if typing.get_origin(annotation) is Annotated:
        return _plain(parts[0])
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return _plain(parts[0]) if len(parts) == 1 else str
    if typing.get_origin(annotation) in (list, dict):
        return list[str]
    return str if typing.get_origin(annotation) is Literal else annotation


def _mark(field: FieldInfo) -> Flag:
    """How a field is on the command line; without a panel if it is not."""
    from groupbench.core.options import Flag

    return next((one for one in field.metadata if isinstance(one, Flag)), Flag(""))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


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

    folder = next(parent for parent in file.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK) or file.is_dir():
        where = "it is a folder" if file.is_dir() else f"{folder} is no folder to write to"
        raise ResultError(f"cannot write {file}: {where}; choose another file with -o")
