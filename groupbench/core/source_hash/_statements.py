"""Statements of one scope: which of them do something, and which names they bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

_PLAIN = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
IMPORTS = (ast.Import, ast.ImportFrom)
"""Kinds of statements that import."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BINDS_NOTHING = (ast.Expr, ast.Return, ast.Raise, ast.Assert, ast.Pass)


class Import(NamedTuple):
    """What an import statement binds a name to; `name` is empty for a module itself.

    Attributes:
        module: dotted name, without the leading dots.
        level: number of leading dots.
        name: what is imported from the module.
    """

    module: str
    level: int
    name: str


Scope: TypeAlias = dict[str, list[Import]]
"""The names of a function, each with the imports among what binds it."""


def significant(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run and do something when their module is imported."""
    for statement in body:
        if isinstance(statement, ast.If) and _skipped(statement.test):
            yield from significant(statement.orelse)
        elif not isinstance(statement, ast.Pass) and not (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        ):
            yield statement


def _skipped(test: ast.expr) -> bool:
    """Whether a condition only holds for type checkers, or for the program itself."""
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name):
        return test.left.id == "__name__" and isinstance(test.ops[0], ast.Eq)
    return _named(test) == "TYPE_CHECKING"


def _named(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def statements(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """All significant statements of one scope, with those inside of others."""
    found: list[ast.stmt] = []
    for statement in significant(body):
        found.append(statement)
        if not isinstance(statement, (*_SCOPES, ast.Assign, *_BINDS_NOTHING)):
            for holder in (statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                for field in ("body", "orelse", "finalbody"):
                    found += statements(getattr(holder, field, ()))
    return found


def bindings(statement: ast.stmt) -> Iterator[tuple[str, Import | None]]:
    """The names that a statement itself binds in its scope."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, Import(alias.name if alias.asname else top, 0, "")
    elif isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name, Import(statement.module or "", statement.level, alias.name)
    elif isinstance(statement, _SCOPES):
        yield statement.name, None
    elif not isinstance(statement, _BINDS_NOTHING):
        yield from ((handler.name, None) for handler in getattr(statement, "handlers", ()) if handler.name)
        for target in _targets(statement):
            yield from ((name, None) for name in _stored(target))


def _targets(statement: ast.stmt) -> Iterable[ast.AST]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return [item.optional_vars for item in statement.items if item.optional_vars]
    return [getattr(statement, field) for field in ("target", "name") if hasattr(statement, field)]


def _stored(target: ast.AST) -> list[str]:
    """The names that an assignment to a target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for part in target.elts for name in _stored(part)]
    return _stored(target.value) if isinstance(target, ast.Starred) else []


def only_defines(statement: ast.stmt) -> bool:
    """Whether leaving a statement out changes nothing for those who use none of the names it binds."""
    if isinstance(statement, (ast.If, ast.Try, ast.TryStar)):
        inner = statements([statement])[1:]
        return all(map(only_defines, inner)) and not (
            isinstance(statement, ast.If) and _assigns_inside(statement.test)
        )
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        parts = [node for target in _targets(statement) for node in ast.walk(target)]
        plain = all(isinstance(node, _PLAIN) for node in parts)
        return plain and not (statement.value and _assigns_inside(statement.value))
    return isinstance(statement, _SCOPES + IMPORTS) or type(statement).__name__ == "TypeAlias"


def _assigns_inside(value: ast.expr) -> bool:
    return any(isinstance(node, ast.NamedExpr) for node in ast.walk(value))


def for_type_checkers(body: Iterable[ast.stmt]) -> dict[str, Import]:
    """What is imported for type checkers only, by name."""
    blocks = [s for s in body if isinstance(s, ast.If) and _named(s.test) == "TYPE_CHECKING"]
    inner = (binding for block in blocks for s in statements(block.body) for binding in bindings(s))
    return {name: imported for name, imported in inner if imported is not None}


def scope_of(body: Iterable[ast.stmt], args: ast.arguments | None = None) -> Scope:
    """The names of a function with the arguments `args` and the body `body`, or of a class."""
    scope: Scope = {}
    if args is not None:
        given = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
        scope = {arg.arg: [] for arg in given if arg is not None}
    outer: list[str] = []
    for statement in statements(body):
        if isinstance(statement, (ast.Global, ast.Nonlocal)):
            outer += statement.names
        for name, imported in bindings(statement):
            scope.setdefault(name, []).extend([] if imported is None else [imported])
    return {name: imports for name, imports in scope.items() if name not in outer}
