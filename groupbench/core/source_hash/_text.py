"""One definition as text: what it does, however it is laid out, and what it refers to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, cast

from groupbench.core.source_hash._modules import EFFECTS, EVERYTHING, Module, Symbol, Thing
from groupbench.core.source_hash._statements import IMPORTS, Scope, scope_of, significant

_REGISTRY = "groupbench.core.registry."
_LEFT_OUT = {"annotation", "returns", "type_params", "type_comment", "kind", "ctx"}


class Text(NamedTuple):
    """A definition without layout, docstrings, annotations and imports.

    Attributes:
        digest: sha256 of its text, in which a reference to a definition is a mark without a name.
        references: the definitions it refers to, in the order of those marks, then its module's effects.
    """

    digest: bytes
    references: list[Symbol]


@cache
def text_of(definition: Symbol) -> Text:
    """The text of a definition; raises PluginError if a module that it refers to cannot be read."""
    module, name = definition
    writer = _Writer(module)
    if name == EVERYTHING:
        writer.everything()
    elif name == EFFECTS:
        writer.block(effects(module))
    else:
        bound = module.names[name]
        writer.block(bound.statements)
        for imported in bound.imports:
            writer.thing(module.imported(imported))
    if name != EFFECTS and (effects(module) or module.stars):
        writer.references.append(Symbol(module, EFFECTS))
    elif name == EFFECTS:
        for star in module.stars:
            writer.thing(module.imported(star))
    return Text(sha256("".join(writer.out).encode(errors="backslashreplace")).digest(), writer.references)


@cache
def effects(module: Module) -> tuple[ast.stmt, ...]:
    """The statements of a module that do something beside defining names, but for registrations."""
    writer = _Writer(module)
    return tuple(s for s in module.loose if not (isinstance(s, ast.Expr) and writer.registers(s.value)))


def forget() -> None:
    """Forget all texts, because modules changed."""
    text_of.cache_clear()
    effects.cache_clear()


@cache
def _fields(kind: Hashable) -> tuple[tuple[str, str], ...]:
    """The fields that a kind of node is written with, and what stands before each."""
    names: tuple[str, ...] = cast(type[ast.AST], kind)._fields
    return tuple((name, f" {name}:") for name in names if name not in _LEFT_OUT)


class _Writer:
    """Writes nodes of one module into `out`, and collects what they refer to in `references`."""

    def __init__(self, module: Module) -> None:
        self.out: list[str] = []
        self.references: list[Symbol] = []
        self._module = module
        self._scopes: list[Scope] = []
        self._in_class = False
        self._special: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Constant: self._constant,
            ast.AnnAssign: self._annotated,
            ast.ClassDef: self._class,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.Lambda: self._lambda,
            **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), self._comprehension),
        }

    def everything(self) -> None:
        """All that the module defines or imports, by name."""
        for name in sorted(self._module.names):
            self.out.append(name)
            self.thing(self._module.member(name))

    def thing(self, thing: Thing) -> None:
        """What a name stands for, as a whole."""
        if isinstance(thing, str):
            self.out.append(f"@{thing}")
            return
        self.out.append("#")
        self.references.append(Symbol(thing, EVERYTHING) if isinstance(thing, Module) else thing)

    def registers(self, node: ast.expr) -> bool:
        """Whether an expression is a decorator of the registry, or its call."""
        while isinstance(node, ast.Call):
            node = node.func
        found = self._resolved(node)[0]
        return len(found) == 1 and isinstance(found[0], str) and found[0].startswith(_REGISTRY)

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Statements, without those that do nothing."""
        self.out.append("[")
        for statement in significant(body):
            if not isinstance(statement, IMPORTS):
                self._node(statement)
        self.out.append("]")

    def _node(self, node: ast.AST) -> None:
        special = self._special.get(node.__class__)
        if special is None:
            self._plain(node)
        else:
            special(node)

    def _plain(self, node: ast.AST) -> None:
        kind, out = node.__class__, self.out
        out.append("(" + kind.__name__)
        for field, label in _fields(kind):  # type: ignore[arg-type]
            value = getattr(node, field)
            if value or value is False:
                out.append(label)
                if isinstance(value, ast.AST):
                    self._node(value)
                else:
                    self._value(value)
        out.append(")")

    def _value(self, value: Any) -> None:
        if not isinstance(value, list):
            self.out.append(ascii(value))
        elif isinstance(value[0], ast.stmt):
            self.block(value)
        else:
            self.out.append("[")
            for item in value:
                if isinstance(item, ast.AST):
                    self._node(item)
                else:
                    self._value(item)
            self.out.append("]")

    def _constant(self, node: ast.Constant) -> None:
        self.out.append(f"={node.value!a}")

    def _annotated(self, node: ast.AnnAssign) -> None:
        """An annotation makes a class's field what it is; elsewhere it only says what is so anyway."""
        if self._in_class:
            self.out.append(f":{ast.unparse(node.annotation)}")
            self._plain(node)
        elif node.value is not None:
            self._plain(ast.Assign([node.target], node.value))

    def _name(self, node: ast.Name) -> None:
        found = self._looked_up(node.id) if isinstance(node.ctx, ast.Load) else []
        for thing in found:
            self.thing(thing)
        if not found:
            self.out.append("$" + node.id)

    def _attribute(self, node: ast.Attribute) -> None:
        """An attribute; as far as a dotted name leads through modules, it is what it leads to."""
        found, rest = self._resolved(node)
        if not found:
            self._node(node.value)
            rest = [node.attr]
        for thing in found:
            self.thing(thing)
        self.out.extend("." + attribute for attribute in rest)

    def _resolved(self, node: ast.expr) -> tuple[list[Thing], list[str]]:
        """What a dotted name may stand for, and those of its attributes that do not belong to it."""
        rest: list[str] = []
        while isinstance(node, ast.Attribute):
            rest.append(node.attr)
            node = node.value
        found = self._looked_up(node.id) if isinstance(node, ast.Name) else []
        while len(found) == 1 and rest and not isinstance(found[0], Symbol):
            thing, attribute = found[0], rest.pop()
            found = [thing.member(attribute) if isinstance(thing, Module) else f"{thing}.{attribute}"]
        return found, rest[::-1]

    def _looked_up(self, name: str) -> list[Thing]:
        for scope in reversed(self._scopes):
            if name in scope:
                return [self._module.imported(imported) for imported in scope[name]]
        return [self._module.member(name)] if name in self._module.names else []

    def _class(self, node: ast.ClassDef) -> None:
        self.out.append(f"(class {node.name}")
        self._decorators(node.decorator_list)
        for part in (*node.bases, *node.keywords):
            self._node(part)
        imports = {name: found for name, found in scope_of(node.body).items() if found}
        self._inside(imports, True, lambda: self.block(node.body))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.out.append(f"({type(node).__name__} {node.name}")
        self._decorators(node.decorator_list)
        self._node(node.args)
        self._inside(scope_of(node.body, node.args), False, lambda: self.block(node.body))

    def _lambda(self, node: ast.Lambda) -> None:
        self.out.append("(lambda")
        self._node(node.args)
        self._inside(scope_of((), node.args), False, lambda: self._node(node.body))

    def _comprehension(self, node: Any) -> None:
        self._node(node.generators[0].iter)  # belongs to the scope outside
        targets = [part for generator in node.generators for part in ast.walk(generator.target)]
        scope: Scope = {part.id: [] for part in targets if isinstance(part, ast.Name)}
        self._inside(scope, False, lambda: self._plain(node))

    def _decorators(self, decorators: list[ast.expr]) -> None:
        for decorator in decorators:
            if not self.registers(decorator):
                self.out.append("@")
                self._node(decorator)

    def _inside(self, scope: Scope, in_class: bool, write: Callable[[], None]) -> None:
        outside, self._in_class = self._in_class, in_class
        self._scopes.append(scope)
        write()
        self._scopes.pop()
        self._in_class = outside
        self.out.append(")")
