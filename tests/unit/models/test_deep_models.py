"""Deep group models: what they learn on simulated groups, what they never see, and their equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from groupbench.baselines._networks.agree import AgreeNetwork
from groupbench.baselines._networks.aligngroup import alignment
from groupbench.baselines._networks.c3 import C3Network, part
from groupbench.baselines._networks.groupim import GroupImNetwork, GroupImObjective, strangers
from groupbench.baselines._networks.hypergroup import HyperGroupNetwork, overlaps
from groupbench.baselines._networks.soagree import SoAgreeNetwork
from groupbench.baselines.deep_groups import C3, Agree, GroupIm, HyperGroup, SoAgree
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.data.social import SocialTies
from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members
from groupbench.models.deep._network import Batch
from groupbench.models.recommender import TrainingData

NAMES = ["ncf-group", "agree", "soagree", "groupim", "hypergroup", "c3"]
CAMPS, N_USERS, N_ITEMS, N_GROUPS = 3, 60, 30, 40


def simulated(seed=0, cold_groups=0, scale=(1.0, 1.0)):
    """Groups of one camp each; users and groups choose items of their camp. Also what groups chose later."""
    rng = np.random.default_rng(seed)
    camp_of_group = np.arange(N_GROUPS) % CAMPS
    members = [rng.choice(np.arange(c, N_USERS, CAMPS), 3, replace=False) for c in camp_of_group]
    users, items = _choices(rng, np.arange(N_USERS) % CAMPS, 6)
    groups, chosen = _choices(rng, camp_of_group, 5)
    order = rng.permutation(len(groups))
    later = np.isin(np.arange(len(groups)), np.unique(groups[order], return_index=True)[1])
    groups, chosen = groups[order], chosen[order]
    kept = ~later & (groups >= cold_groups)
    train = TrainingData(
        ratings=Ratings(users, items, np.full(len(users), scale[1]), N_USERS, N_ITEMS),
        scale=scale,
        groups=Groups.from_lists(members, [f"g{i}" for i in range(N_GROUPS)]),
        group_ratings=Ratings(groups[kept], chosen[kept], np.full(kept.sum(), scale[1]), N_GROUPS, N_ITEMS),
        social=SocialTies.of(np.arange(N_USERS), (np.arange(N_USERS) + CAMPS) % N_USERS, directed=True),
    )
    return train, groups[later], chosen[later]


def _choices(rng, camps, each):
    chosen = [rng.choice(np.arange(c, N_ITEMS, CAMPS), each, replace=False) for c in camps]
    return np.repeat(np.arange(len(camps)), each), np.concatenate(chosen)


def fit(name, train, seed=0, **options):
    return methods[name].create(**options).fit(train, rng=generator("deep", seed))


def mean_percentile(scores, items):
    own = scores[np.arange(len(items)), items][:, None]
    return float((scores < own).mean())


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_what_groups_choose(name):
    train, groups, items = simulated()
    fitted = fit(name, train)

    assert mean_percentile(fitted.score_groups(train.groups)[groups], items) > 0.7
    users = np.arange(N_USERS)
    scores = fitted.score(users)
    own_camp = scores[users[:, None], (users % CAMPS)[:, None] + np.arange(0, N_ITEMS, CAMPS)]
    assert own_camp.mean() > scores.mean() + 0.5 * scores.std()


@pytest.mark.parametrize("name", ["groupim", "hypergroup", "c3"])
def test_groups_without_rows_are_scored_by_their_members(name):
    train, groups, items = simulated(cold_groups=8)
    scores = fit(name, train).score_groups(train.groups)
    cold = groups < 8

    assert cold.any()
    assert mean_percentile(scores[groups[cold]], items[cold]) > 0.65


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_seed_and_leave_torch_alone(name):
    train, _, _ = simulated()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = fit(name, train, epochs=2).score_groups(train.groups)

    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    np.testing.assert_array_equal(fit(name, train, epochs=2).score_groups(train.groups), first)
    assert not np.array_equal(fit(name, train, seed=1, epochs=2).score_groups(train.groups), first)


def test_refit_trains_on_all_rows_for_the_best_number_of_epochs():
    train, _, _ = simulated()
    kept = fit("agree", train, epochs=6, refit=False)
    anew = fit("agree", train, epochs=6)

    assert kept.history == anew.history
    assert len(kept._net.data.groups) == len(train.group_ratings) - N_GROUPS
    assert len(anew._net.data.groups) == len(train.group_ratings)
    assert kept._net.data.groups.n_raters == N_GROUPS


def test_training_stops_when_validation_does_not_improve():
    train, _, _ = simulated()
    fitted = fit("ncf-group", train, epochs=200, patience=2, refit=False)
    best = int(np.argmax([e.validation for e in fitted.history]))

    assert len(fitted.history) == best + 3 < 200


def test_unknown_groups_are_refused_by_name():
    train, _, _ = simulated()
    fitted = fit("agree", train, epochs=1)

    with pytest.raises(MethodError, match=r"group 'new' is not in the training data; fit again"):
        fitted.score_groups(Groups.from_lists([[0, 1]], ["new"]))


@pytest.mark.parametrize("name", NAMES)
def test_without_joint_rows_it_is_skipped_and_cannot_be_fitted(name):
    train = replace(simulated()[0], group_ratings=None)

    assert methods[name].create().skip(train) == "learns from joint ratings, and there are none"
    with pytest.raises(MethodError, match="there are none; choose a data set with natural groups"):
        fit(name, train)
    assert not methods[name].create().skip(simulated()[0])


def test_low_ratings_do_not_count_where_asked():
    train, _, _ = simulated(scale=(1.0, 5.0))
    low = np.ones(len(train.group_ratings))
    low[::3] = 5.0
    graded = replace(train, group_ratings=replace(train.group_ratings, values=low))
    fitted = fit("agree", graded, epochs=1, positive=0.75)

    assert len(fitted._net.data.groups) == len(low[::3])
    with pytest.raises(MethodError, match=r"no joint rating is high enough.*lower positive \(now 0.75\)"):
        fit(
            "agree",
            replace(train, group_ratings=replace(train.group_ratings, values=low * 0 + 1)),
            positive=0.75,
        )


@pytest.mark.parametrize("name", NAMES)
def test_groups_alone_suffice(name):
    train, _, _ = simulated()
    alone = replace(train, ratings=train.ratings.take(slice(0, 0)))
    scores = fit(name, alone, epochs=30).score_groups(train.groups)

    assert np.isfinite(scores).all()
    assert np.isfinite(fit(name, alone, epochs=1).score(np.arange(N_USERS))).all()


@pytest.fixture
def data():
    train, _, _ = simulated()
    ragged = Groups.from_lists([train.groups[g][: 1 + g % 3] for g in range(N_GROUPS)], train.groups.ids)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield Interactions(
            ChoiceRows.of(train.ratings), ChoiceRows.of(train.group_ratings), Members.of(ragged)
        )


def members_of(data, group):
    return data.members.users[group][: int(data.members.sizes[group])]


@pytest.mark.parametrize("attention", ["mean", "learned"])
def test_agree_is_its_equation_for_each_group_and_item(data, attention):
    made = Agree(width=4, hidden=(6,), attention=attention, attention_width=5, dropout=0.5)
    network = AgreeNetwork(data, made).eval()
    groups, items = torch.tensor([2, 7, 0]), torch.tensor([[1, 5], [9, 0], [3, 3]])
    got = network.group_logits((), groups, items)
    for row, group in enumerate(groups):
        users = network.users.weight[members_of(data, group)]
        for column in range(2):
            item = network.items.weight[items[row, column]]
            weights = torch.full((len(users),), 1 / len(users))
            if network.attention is not None:
                hidden = torch.relu(network.attention.of_member(users) + network.attention.of_item(item))
                weights = network.attention.weight(hidden).squeeze(1).softmax(dim=0)
            whole = (weights[:, None] * users).sum(dim=0) + network.groups.weight[group]
            torch.testing.assert_close(got[row, column], network.tower(whole, item))


@pytest.mark.parametrize("directed", [True, False])
def test_soagree_is_agree_on_users_with_their_weighted_followees(data, directed):
    follower, followee = np.array([3, 3, 3, 7, 9]), np.array([4, 8, 1, 3, 7])
    made = SoAgree(width=8)
    network = SoAgreeNetwork(data, SocialTies.of(follower, followee, directed=directed), made).eval()
    agree = AgreeNetwork(data, made).eval()
    agree.load_state_dict(network.state_dict(), strict=False)
    if not directed:
        follower, followee = np.append(follower, followee), np.append(followee, follower)
    with torch.no_grad():
        for user in np.unique(follower):
            followees, own = network.followees.weight[followee[follower == user]], network.users.weight[user]
            hidden = functional.relu(network.of_followee(followees) + network.of_follower(own))
            agree.users.weight[user] += network.weight(hidden).softmax(dim=0).T.squeeze(0) @ followees
    raters, items = torch.arange(10), torch.arange(6)[None]

    for side in ("group_logits", "user_logits"):
        wanted = getattr(agree, side)((), raters, items)
        torch.testing.assert_close(getattr(network, side)(network.encode(), raters, items), wanted)
        torch.testing.assert_close(getattr(network, side)((), raters, items), wanted)


@pytest.mark.parametrize("ties", [None, SocialTies.of(np.array([]), np.array([]))])
def test_soagree_is_skipped_without_ties_and_cannot_be_fitted(ties):
    train = replace(simulated()[0], social=ties)

    assert methods["soagree"].create().skip(train) == "learns from social ties, and there are none"
    with pytest.raises(MethodError, match="choose a data set with ties, or use 'agree'"):
        fit("soagree", train)


def test_hypergroup_is_its_equation_for_each_group(data):
    made = HyperGroup(width=4, hidden=(6,), user_layers=1, group_layers=1, dropout=0.0)
    network = HyperGroupNetwork(data, made).eval()
    sets = [set(members_of(data, g).tolist()) for g in range(N_GROUPS)]
    users = []
    for user in range(N_USERS):
        own = network.users.weight[user]
        met = [v for s in sets if user in s for v in s - {user}]
        mean = network.users.weight[met].mean(dim=0) if met else torch.zeros(4)
        step = network.user_layers[0]
        users.append(own + torch.relu(step.own(own) + step.near(mean)))
    start = [torch.stack([users[u] for u in sorted(s)]).mean(dim=0) for s in sets]
    found = network.encode()

    torch.testing.assert_close(found[0], torch.stack(users))
    for group, own in enumerate(start):
        shares = {h: len(sets[group] & s) / len(sets[group] | s) for h, s in enumerate(sets) if h != group}
        total = sum(shares.values())
        near = sum(share / total * start[h] for h, share in shares.items()) if total else torch.zeros(4)
        step = network.group_layers[0]
        expected = own + torch.relu(step.own(own) + step.near(near))
        torch.testing.assert_close(found[1][group], expected)


def test_overlap_is_shared_members_over_members_of_either():
    from scipy.sparse import csr_array

    membership = csr_array(np.array([[1.0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0]]))
    expected = [[0, 0.5, 0, 1], [0.5, 0, 1 / 3, 0.5], [0, 1 / 3, 0, 0], [1, 0.5, 0, 0]]

    np.testing.assert_allclose(overlaps(membership).toarray(), expected)


def groupim(data, **options):
    return GroupImNetwork(data, GroupIm(**{"width": 4, "layers": 2, "dropout": 0.0, **options}))


@pytest.mark.parametrize("aggregator", ["attention", "mean", "max"])
def test_groupim_loss_is_the_sum_over_groups_and_members(data, aggregator, monkeypatch):
    network = groupim(data, aggregator=aggregator)
    groups = torch.tensor([5, 1, 3])
    others = torch.tensor([40, 41, 42, 43, 44, 45])
    monkeypatch.setattr("groupbench.baselines._networks.groupim.strangers", lambda *_: others)
    made = GroupIm(batch_size=3, strangers=2, infomax_weight=0.7, member_weight=0.3)
    got = GroupImObjective(network, data, made).group_loss(groups)

    history = torch.zeros(N_USERS, N_ITEMS)
    history[data.users.raters, data.users.items] = 1
    joint = torch.zeros(N_GROUPS, N_ITEMS)
    joint[data.groups.raters, data.groups.items] = 1
    hidden = torch.tanh(functional.normalize(history, dim=1) @ network.items.weight + network.bias)
    embedded = torch.tanh(network.layers[0](hidden))
    own, theirs, real, fake = [], [], [], []
    for row, group in enumerate(groups):
        users = members_of(data, group)
        inner = torch.tanh(network.member(embedded[users]))
        alike = torch.full((len(users), 1), 1 / len(users))
        weights = network.energy(inner).softmax(dim=0) if aggregator == "attention" else alike
        whole = inner.amax(dim=0) if aggregator == "max" else (weights * inner).sum(dim=0)
        log_p = (whole @ network.output.weight.T + network.output_bias.weight.squeeze(1)).log_softmax(dim=0)
        own.append(-(joint[group] / joint[group].sum()) @ log_p)
        agree = [network.agreement(embedded[u], whole).sigmoid() for u in users]
        theirs.append(
            -sum(
                w.detach() * (history[u] / history[u].sum()) @ log_p
                for w, u in zip(agree, users, strict=True)
            )
            / len(users)
        )
        real += [-w.log() for w in agree]
        fake += [-(1 - network.agreement(embedded[u], whole).sigmoid()).log() for u in others[2 * row :][:2]]
    expected = (sum(own) + 0.3 * sum(theirs)) / 3 + 0.7 * (
        torch.stack(real).mean() + torch.stack(fake).mean()
    )

    torch.testing.assert_close(got, expected.squeeze())
    wanted, found = (torch.autograd.grad(x, network.items.weight)[0] for x in (expected.sum(), got))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(("near", "lowest", "highest"), [(0.0, 0.1, 0.4), (0.5, 0.5, 0.75), (1.0, 0.9, 1.0)])
def test_strangers_are_no_members_and_as_near_as_asked(data, near, lowest, highest):
    groups = torch.arange(N_GROUPS)
    drawn = strangers(data, groups, 50, near).view(N_GROUPS, 50)
    chosen = data.groups.hold(groups[:, None], torch.arange(N_ITEMS)[None])
    history = data.users.hold(torch.arange(N_USERS)[:, None], torch.arange(N_ITEMS)[None])
    shares = (history[drawn] & chosen[:, None]).any(dim=2)
    users, inside = data.members.take(groups)
    member = ((drawn[:, :, None] == users[:, None]) & inside[:, None]).any(dim=2)

    assert lowest < shares.float().mean() <= highest
    assert member.float().mean() < 0.01


def test_groupim_drops_items_of_histories_in_training_only(data):
    network = groupim(data, dropout=0.5)
    users = torch.arange(N_USERS)

    assert not torch.equal(network.train().preferences(users), network.preferences(users))
    assert torch.equal(network.eval().preferences(users), network.preferences(users))


def test_members_scores_do_not_depend_on_the_widest_group_of_a_block(data):
    network = AgreeNetwork(data, Agree(width=4, hidden=(6,), attention_width=5, dropout=0.0)).eval()
    items = torch.arange(N_ITEMS)[None]
    alone = torch.cat([network.group_logits((), torch.tensor([g]), items) for g in range(N_GROUPS)])

    torch.testing.assert_close(network.group_logits((), torch.arange(N_GROUPS), items), alone)


def c3(data, **options):
    return C3Network(data, C3(width=8, layers=2, hidden=12, **options))


def test_c3_refuses_heads_that_do_not_share_its_width():
    with pytest.raises(ConfigError, match=r"c3\.heads: 3 heads do not share a width of 32; give a divisor"):
        methods["c3"].create(heads=3)


def test_c3_reads_each_group_with_each_item_alone(data):
    network = c3(data).eval()
    items = torch.tensor([[3, 9], [1, 0]])
    of_groups, of_users = (
        score((), torch.tensor([4, 8]), items) for score in (network.group_logits, network.user_logits)
    )
    for row, rater in enumerate([4, 8]):
        for column, item in enumerate(items[row]):
            for found, users in ((of_groups, members_of(data, rater)), (of_users, [rater])):
                tokens = torch.cat([network.users.weight[users], network.items.weight[item][None]])
                mean = network.encoder(network.enter(tokens)[None]).mean(dim=1)
                torch.testing.assert_close(found[row, column], network.predict(mean).squeeze())


def test_c3_contrasts_parts_of_the_members_of_a_step(data):
    network = c3(data, dropout=0.0, contrast_weight=0.3, drop=0.4, temperature=0.7)
    groups, items = torch.tensor([5, 1, 3]), torch.tensor([[2, 9], [5, 9], [4, 1]])
    users, inside = data.members.take(groups)
    torch.manual_seed(0)
    parts = [part(inside, 0.4) for _ in range(2)]
    one, other = (network.pooled(users, left, items[:, :1]).squeeze(1) for left in parts)
    torch.manual_seed(0)
    found = network.extra_loss((), Batch("groups", groups, items))

    torch.testing.assert_close(found, 0.15 * (alignment(one, other, 0.7) + alignment(other, one, 0.7)))
    assert network.extra_loss((), Batch("users", groups, items)) is None


def test_a_part_of_the_members_is_as_large_as_asked_and_never_empty():
    torch.manual_seed(0)
    inside = torch.arange(6) < torch.randint(1, 7, (4000, 1))
    left = part(inside, 0.4)

    assert not (left & ~inside).any()
    assert left.any(dim=1).all()
    assert abs(left[inside.all(dim=1)].float().mean() - 0.6) < 0.02
    assert torch.equal(part(inside, 0.0), inside)


@pytest.mark.parametrize("make", [Agree, SoAgree, HyperGroup, GroupIm, C3])
def test_first_line_and_fields_are_documented(make):
    assert len(make.__doc__.partition("\n")[0]) < 110
    assert "Deviations:" in make.__doc__


def test_large_and_small_groups_are_laid_out_alike():
    groups = Groups(("a", "b"), Segments.from_sizes([5, 1]), np.arange(6))
    users, inside = Members.of(groups).take(torch.tensor([1, 0]))

    assert inside.sum(dim=1).tolist() == [1, 5]
    assert users[inside].tolist() == [5, 0, 1, 2, 3, 4]
