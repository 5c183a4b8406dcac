"""What a network must do before it is trained, tried out on a few groups and users."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from groupbench.core.errors import GroupbenchError, MethodError
from groupbench.models.deep._network import Encoded, GroupNetwork
from groupbench.models.recommender import Recommender

if TYPE_CHECKING:
    from groupbench.models.deep._interactions import Interactions, Side
    from groupbench.models.deep._recommender import TrainedGroupRecommender

T = TypeVar("T")

_RATERS = 8
"""Groups, or users, that are scored, spread over all of them."""

_ITEMS = 3
"""Items that they score."""

_ROUNDING = 1e-4
"""How much logits may differ, as a share of the largest, when the same pairs are scored in another shape."""

_TORCH = str(Path(torch.__file__).parent)

_CALLS: dict[Side, str] = {"groups": "group_logits", "users": "user_logits"}
_ADD: dict[Side, str] = {
    "groups": "add it, with logits (n, k) as its result",
    "users": "add it, or derive the method from DeepGroupRecommender, which scores groups only",
}


def new_network(method: TrainedGroupRecommender, data: Interactions) -> GroupNetwork:
    """The network that a method makes for `data`, tried out.

    Raises:
        MethodError: if it cannot be made, or does not do what `require_scores` asks for.
    """
    call = f"{type(method).__name__}: make_network(data)"
    network = _called(
        call, lambda: method.make_network(data), "begin its __init__ with super().__init__(data)"
    )
    require_scores(method, network, data)
    return network


def require_scores(method: object, network: object, data: Interactions) -> None:
    """Score a few items for a few groups and, in a method that scores users, a few users.

    No random number is used up, and the network is left as it was.

    Args:
        method: what the network is of.
        network: what its `make_network` made.
        data: what that was made for.

    Raises:
        MethodError: if it is no `GroupNetwork`, has nothing to train, lacks a method, or one of them fails or
            gives logits of another shape, that are not finite, or that no gradient comes from.
    """
    name = type(method).__name__
    if not isinstance(network, GroupNetwork):
        raise MethodError(
            f"{name}: make_network(data) gives a {type(network).__name__}; derive what it returns from "
            "groupbench.models.deep.GroupNetwork"
        )
    net = f"{name}: {type(network).__name__}"
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise MethodError(
            f"{net} has no parameters to train; make layers or nn.Parameter attributes of it, and a list of "
            "layers an nn.ModuleList"
        )
    sides: tuple[Side, ...] = ("groups", "users") if isinstance(method, Recommender) else ("groups",)
    for side in sides:
        if not _has(network, side):
            raise MethodError(f"{net} lacks {_CALLS[side]}(encoded, {side}, items); {_ADD[side]}")
    with _tried_out(network):
        encoded = _called(f"{net}: encode()", network.encode, "it takes no argument but self")
        _require_tensors(net, encoded)
        for side in (side for side in sides if data.rows(side).n_raters):
            _require_logits(net, network, encoded, side, data)


def _has(network: GroupNetwork, side: Side) -> bool:
    return getattr(type(network), _CALLS[side]) is not getattr(GroupNetwork, _CALLS[side])


@contextmanager
def _tried_out(network: GroupNetwork) -> Iterator[None]:
    training = network.training
    with torch.random.fork_rng(devices=[]):
        network.eval()
        try:
            yield
        finally:
            network.train(training)


def _require_tensors(net: str, encoded: object) -> None:
    if not isinstance(encoded, tuple) or not all(isinstance(part, Tensor) for part in encoded):
        raise MethodError(
            f"{net}: encode() gives a {type(encoded).__name__}; return a tuple of tensors, as in return "
            "(users,)"
        )


def _require_logits(
    net: str, network: GroupNetwork, encoded: Encoded, side: Side, data: Interactions
) -> None:
    """Score items of each rater's own, then the same ones as items that all share."""
    n_raters = data.rows(side).n_raters
    raters = torch.arange(0, n_raters, max(1, n_raters // _RATERS))
    shared = torch.arange(min(_ITEMS, data.n_items))[None]
    call, score = f"{net}: {_CALLS[side]}", partial(getattr(network, _CALLS[side]), encoded, raters)
    own = _logits(call, score, len(raters), shared.expand(len(raters), -1))
    same = _logits(call, score, len(raters), shared)
    if not torch.allclose(own, same, rtol=0, atol=_ROUNDING * (1 + own.abs().amax().item())):
        raise MethodError(
            f"{call} gives other logits for items (1, k), which all {side} share, than for the same items as "
            "(n, k); broadcast items over the first axis, and let no logit depend on the batch or on chance"
        )


def _logits(call: str, score: Callable[[Tensor], object], n: int, items: Tensor) -> Tensor:
    shape, inputs = (n, items.shape[1]), f"n = {n} and items {tuple(items.shape)}"
    logits = _called(f"{call} of {inputs}", lambda: score(items), "serve items of shape (n, k) and (1, k)")
    if not isinstance(logits, Tensor):
        raise MethodError(f"{call} gives a {type(logits).__name__}; return a tensor of logits, (n, k)")
    if logits.shape != shape:
        raise MethodError(
            f"{call} gives shape {tuple(logits.shape)} for {inputs}; return logits of shape (n, k), here "
            f"{shape}"
        )
    if not torch.isfinite(logits).all():
        raise MethodError(
            f"{call} gives NaN or infinite logits before training; mask members that are not there before a "
            "softmax, divide by no sum that can be 0, and start from smaller weights"
        )
    if not logits.requires_grad:
        raise MethodError(
            f"{call} gives logits that no gradient comes from; compute them from the network's parameters, "
            "without detach(), no_grad() or numpy"
        )
    return logits.detach()


def _called(call: str, make: Callable[[], T], remedy: str) -> T:
    """What `make` returns; what it raises in the network's code is told with its line."""
    try:
        return make()
    except (GroupbenchError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        frame = [frame for frame in frames if not frame.filename.startswith(_TORCH)][-1]
        text = " ".join(str(error).split())
        raise MethodError(
            f"{call} fails: {type(error).__name__}: {text} (at {frame.filename}:{frame.lineno}); {remedy}"
        ) from error
