"""The public trainer: what a network of one's own gets, and what is said of one that cannot be trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from groupbench.core.errors import MethodError
from groupbench.core.seeding import generator
from groupbench.models import deep
from groupbench.models.deep import (
    DeepGroupRecommender,
    DeepRecommender,
    GroupNetwork,
    InnerProductNetwork,
    embedding,
    inner,
)
from groupbench.models.deep._requirements import require_scores
from groupbench.models.devices import default_device
from groupbench.models.recommender import GroupRecommender, Recommender
from groupbench.testing import small_training


class GroupTable(GroupNetwork):
    """Groups and items by inner products; users have no part."""

    def __init__(self, data):
        super().__init__(data)
        self.groups, self.items = embedding(data.n_groups, 4), embedding(data.n_items, 4)

    def group_logits(self, encoded, groups, items):
        return inner(self.groups(groups), self.items(items))


@dataclass
class OfGroups(DeepGroupRecommender):
    """Scores groups by the network that it is given."""

    kind = GroupTable
    seen = ()

    def make_network(self, data):
        self.seen = (*self.seen, data)
        return self.kind(data)


@dataclass
class OfBoth(DeepRecommender):
    """Scores groups and users by the network that it is given."""

    kind = GroupTable

    def make_network(self, data):
        return self.kind(data)


def fit(base, kind, **options):
    made = base(epochs=2, **options)
    made.kind = kind
    return made.fit(small_training(), rng=generator("network"))


def table(**methods):
    """A network like `GroupTable` with other methods."""
    return type("Mine", (GroupTable,), methods)


def test_every_public_name_is_there():
    assert dir(deep) == sorted(deep.__all__)
    for name in deep.__all__:
        assert getattr(deep, name) is not None
    with pytest.raises(AttributeError, match="nosuch"):
        deep.nosuch  # noqa: B018


def test_a_network_of_groups_is_enough():
    train = small_training()
    fitted = fit(OfGroups, GroupTable)

    assert isinstance(fitted, GroupRecommender)
    assert not isinstance(fitted, Recommender)
    assert fitted.score_groups(train.groups).shape == (len(train.groups), train.ratings.n_items)
    assert len(fitted.seen[-1].groups) == len(train.group_ratings.unique())
    assert len(fitted.seen[-1].users) == len(train.ratings.unique())


def test_a_network_may_encode_all_and_leave_the_rest_to_inner_products():
    class Sums(InnerProductNetwork):
        def __init__(self, data):
            super().__init__(data)
            self.users, self.items = embedding(data.n_users, 4), embedding(data.n_items, 4)

        def encode(self):
            users, inside = self.data.members.take(torch.arange(self.data.n_groups))
            groups = (self.users(users) * inside[:, :, None]).sum(dim=1)
            return self.users.weight, self.items.weight, groups

    train = small_training()
    fitted = fit(OfBoth, Sums)
    of_users = fitted.score(np.arange(train.ratings.n_users))

    sums = np.stack([of_users[train.groups[g]].sum(axis=0) for g in range(len(train.groups))])
    np.testing.assert_allclose(fitted.score_groups(train.groups), sums, atol=1e-5)


WRONG = {
    "lacks group_logits": (table(group_logits=GroupNetwork.group_logits), "add it, with"),
    "before Module.__init__() call (at": (
        table(__init__=lambda s, data: setattr(s, "items", embedding(2, 2))), "super().__init__(data)"
    ),
    "has no parameters": (type("Mine", (GroupNetwork,), {}), "nn.ModuleList"),
    "gives shape (6, 3, 1) for n = 6 and items (6, 3)": (
        table(group_logits=lambda s, e, g, i: GroupTable.group_logits(s, e, g, i)[..., None]),
        "return logits of shape (n, k), here (6, 3)",
    ),
    "gives NaN or infinite": (
        table(group_logits=lambda s, e, g, i: GroupTable.group_logits(s, e, g, i) * torch.nan),
        "mask members",
    ),
    "no gradient comes from": (
        table(group_logits=lambda s, e, g, i: GroupTable.group_logits(s, e, g, i).detach()),
        "without detach()",
    ),
    "gives a list": (table(group_logits=lambda s, e, g, i: [1.0]), "return a tensor of logits"),
    "gives other logits for items (1, k)": (
        table(group_logits=lambda s, e, g, i: GroupTable.group_logits(s, e, g, i) * len(i)),
        "broadcast items",
    ),
    "encode() gives a Parameter": (table(encode=lambda s: s.items.weight), "return a tuple of tensors"),
    "items (1, 3) fails: RuntimeError": (
        table(group_logits=lambda s, e, g, i: (s.groups(g)[:, None] @ s.items(i).mT).squeeze(1) + g[:, None]
              if len(i) > 1 else s.items(i) @ s.groups(g)),
        "serve items of shape (n, k) and (1, k)",
    ),
    "extra_loss gives shape (2,)": (
        table(extra_loss=lambda s, e, b: s.items.weight[:2, 0]), "end it with .mean()"
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", WRONG)
def test_what_cannot_be_trained_is_said_in_one_line_with_the_remedy(said):
    kind, remedy = WRONG[said]
    with pytest.raises(MethodError) as caught:
        fit(OfGroups, kind)
    assert said in str(caught.value)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_such_network_is_named():
    with pytest.raises(MethodError, match=r"gives a Linear; derive .* groupbench.models.deep.GroupNetwork"):
        fit(OfGroups, lambda data: nn.Linear(2, 2))


def test_users_need_logits_of_their_own():
    with pytest.raises(MethodError, match=r"GroupTable lacks user_logits.*DeepGroupRecommender"):
        fit(OfBoth, GroupTable)


def test_the_tryout_draws_nothing_and_leaves_the_mode():
    seen = fit(OfGroups, GroupTable).seen[0]
    network = table(encode=lambda s: (torch.rand(3),))(seen)
    state = torch.get_rng_state()
    for training in (True, False):
        require_scores(OfGroups(), network.train(training), seen)
        assert network.training is training
    assert torch.equal(torch.get_rng_state(), state)


def test_new_tensors_are_made_on_the_device():
    with default_device(torch.device("meta")):
        assert torch.arange(3).device.type == embedding(2, 2).weight.device.type == "meta"
    with default_device(torch.device("cpu")):
        assert torch.arange(3).device.type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_computed_on_the_cpu_and_said(caplog):
    fit(OfGroups, GroupTable, device="auto")
    assert not caplog.messages
    fit(OfGroups, GroupTable, device="cuda")
    assert caplog.messages == ["OfGroups: device=cuda, but torch finds no GPU: computed on the CPU"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_what_the_cpu_learns():
    train = small_training()
    fitted = fit(OfGroups, GroupTable, device="cuda")

    assert fitted._net.items.weight.is_cuda
    assert np.isfinite(fitted.score_groups(train.groups)).all()
