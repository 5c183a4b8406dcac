"""What every command has beside its own options."""

from __future__ import annotations

import shlex

import pytest

from groupbench.cli import load_all
from groupbench.cli._command import _repeated
from groupbench.cli._examples import EXAMPLES
from groupbench.cli._values import completer


def leaves(command, words=()):
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command


COMMANDS = dict(leaves(load_all()))


def test_every_command_has_an_example():
    assert EXAMPLES.keys() == COMMANDS.keys()
    for words, example in EXAMPLES.items():
        assert example.startswith(f"groupbench {words}")
        assert example in COMMANDS[words].epilog


@pytest.mark.parametrize("words", EXAMPLES)
def test_examples_can_be_typed(words):
    arguments = shlex.split(EXAMPLES[words])[1 + len(words.split()) :]
    assert COMMANDS[words].make_context(words, arguments).args == []


@pytest.mark.parametrize("words", [w for w in COMMANDS if not w.startswith(("new", "doctor"))])
def test_plugins_can_be_given_everywhere(words):
    flags = {flag for parameter in COMMANDS[words].params for flag in parameter.opts}
    assert "--plugin" in flags


def test_names_may_have_spaces_between_them():
    typed = ["--methods", "svd", "ease", "--seeds", "2", "--dataset", "a", "b"]
    made = list(_repeated(typed, {"--methods", "--dataset"}))
    assert made == [
        *("--methods", "svd", "--methods", "ease", "--seeds", "2", "--dataset", "a", "--dataset", "b")
    ]
    context = COMMANDS["run"].make_context("run", typed)
    assert context.params["methods"] == ["svd", "ease"]


@pytest.mark.parametrize(
    ("parameter", "typed", "offered"),
    [
        ("methods", "svd", ["svd", "svdpp"]),
        ("methods", "ease,SLOP", ["ease,slope-one"]),
        ("methods", "class", ["classic"]),
        ("dataset", "itm", ["itmrec", "itmrec-sim"]),
        ("metrics", "ndcg", ["ndcg@10"]),
        ("view", "rated-g", ["rated-group"]),
        ("protocol", "pap", ["paper"]),
        ("aggregators", "bord", ["borda"]),
        ("set", "p-mean.p", ["p-mean.p="]),
        ("name", "coalit", ["coalitional"]),
        ("name", "ndcg@", ["ndcg@10"]),
    ],
)
def test_values_are_completed(parameter, typed, offered):
    complete = completer(parameter)
    assert complete is not None
    assert complete(typed) == offered


def test_the_shell_is_offered_values():
    (methods,) = (one for one in COMMANDS["run"].params if one.name == "methods")
    context = COMMANDS["run"].make_context("run", [], resilient_parsing=True)
    assert [one.value for one in methods.shell_complete(context, "svd")] == ["svd", "svdpp"]
