"""Deep group models on graphs: what they learn on simulated groups, and their equations, group by group."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from groupbench.baselines._networks.aligngroup import AlignGroupNetwork, alignment
from groupbench.baselines._networks.consrec import ConsRecNetwork
from groupbench.baselines._networks.cuberec import CubeRecNetwork
from groupbench.baselines._networks.dggvae import DggvaeNetwork, Gaussian, divergence, product
from groupbench.baselines._networks.hcr import HcrNetwork
from groupbench.baselines._networks.hhgr import HhgrNetwork, triangles
from groupbench.baselines.deep_graphs import AlignGroup, ConsRec, CubeRec, Dggvae, Hcr, Hhgr
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.deep._convolutions import Hypergraph, LightGcn, Thinned, bounds
from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members
from groupbench.models.deep._network import Batch
from groupbench.models.deep._objective import SampledObjective, Sampling
from groupbench.models.deep._propagation import Propagation, choices
from groupbench.models.recommender import TrainingData
from groupbench.testing import small_training

NAMES = ["hhgr", "cuberec", "consrec", "aligngroup", "dggvae", "hcr", "dhmae"]
CAMPS, N_USERS, N_ITEMS, N_GROUPS, WIDTH = 3, 60, 30, 40, 4


def simulated(cold_groups=0):
    """Groups of one camp each, who choose items of their camp; also one later choice of each group."""
    rng = np.random.default_rng(0)
    camps = np.arange(N_GROUPS) % CAMPS
    members = [rng.choice(np.arange(c, N_USERS, CAMPS), 3, replace=False) for c in camps]
    own = [rng.choice(np.arange(c, N_ITEMS, CAMPS), 5, replace=False) for c in camps]
    theirs = [rng.choice(np.arange(u % CAMPS, N_ITEMS, CAMPS), 6, replace=False) for u in range(N_USERS)]
    groups, items = np.repeat(np.arange(N_GROUPS), 4), np.concatenate([o[1:] for o in own])
    kept = groups >= cold_groups
    train = TrainingData(
        ratings=_rows(np.repeat(np.arange(N_USERS), 6), np.concatenate(theirs), N_USERS),
        scale=(1.0, 1.0),
        groups=Groups.from_lists(members, [f"g{g}" for g in range(N_GROUPS)]),
        group_ratings=_rows(groups[kept], items[kept], N_GROUPS),
    )
    return train, np.array([o[0] for o in own])


def _rows(raters, items, n):
    return Ratings(raters, items, np.ones(len(items)), n, N_ITEMS)


def fit(name, train, seed=0, **options):
    return methods[name].create(**options).fit(train, rng=generator("graphs", seed))


def percentile(scores, items):
    own = scores[np.arange(len(items)), items][:, None]
    return (scores < own).mean(axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_what_groups_and_users_choose(name):
    train, later = simulated()
    fitted = fit(name, train)
    scores = fitted.score(np.arange(N_USERS))
    camp = np.arange(N_USERS)[:, None] % CAMPS == np.arange(N_ITEMS) % CAMPS

    assert percentile(fitted.score_groups(train.groups), later).mean() > 0.7
    assert scores[camp].mean() > scores[~camp].mean() + 0.5 * scores.std()


@pytest.mark.parametrize("name", NAMES)
def test_groups_without_rows_are_scored_by_their_members(name):
    train, later = simulated(cold_groups=8)

    assert percentile(fit(name, train).score_groups(train.groups), later)[:8].mean() > 0.6


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_seed(name):
    train, _ = simulated()
    first = fit(name, train, epochs=2).score_groups(train.groups)

    torch.manual_seed(2)
    np.testing.assert_array_equal(fit(name, train, epochs=2).score_groups(train.groups), first)
    assert not np.array_equal(fit(name, train, seed=1, epochs=2).score_groups(train.groups), first)


@pytest.mark.parametrize("name", NAMES)
def test_all_weights_are_trained(name):
    """Layers that no optimizer knows of keep their random weights."""
    train, _ = simulated()
    network = fit(name, train, epochs=1)._net
    network.train()
    data = network.data
    objective = SampledObjective(network, data, Sampling("softmax", 2, 10**6, 1.0, joint=True))
    for batch in objective.batches():
        objective.loss(batch).total.backward()
    idle = [key for key, weight in network.named_parameters() if weight.grad is None]

    assert idle == []
    assert {"hhgr": 2, "cuberec": 0, "consrec": 2, "aligngroup": 2, "dggvae": 2, "hcr": 0, "dhmae": 2}[
        name
    ] == len({k.split("layers.")[1][0] for k, _ in network.named_parameters() if "layers." in k})


@pytest.mark.parametrize("name", NAMES)
def test_users_without_rows_and_groups_alone_do(name):
    train, _ = simulated()
    alone = TrainingData(
        ratings=train.ratings.take(slice(0, 0)),
        scale=(1.0, 1.0),
        groups=train.groups,
        group_ratings=train.group_ratings,
    )
    fitted = fit(name, alone, epochs=2)

    assert np.isfinite(fitted.score_groups(train.groups)).all()
    assert np.isfinite(fitted.score(np.arange(N_USERS))).all()


@pytest.fixture
def data():
    train, _ = simulated(cold_groups=2)
    ragged = Groups.from_lists([train.groups[g][: 1 + g % 3] for g in range(N_GROUPS)], train.groups.ids)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield Interactions(
            ChoiceRows.of(train.ratings), ChoiceRows.of(train.group_ratings), Members.of(ragged)
        )


def members_of(data, group):
    return data.members.users[group][: int(data.members.sizes[group])].tolist()


def items_of(data, group):
    return data.groups.items[data.groups.raters == group].tolist()


def mean_of(table, places):
    return table[places].mean(dim=0) if len(places) else torch.zeros(table.shape[1])


def convolved(hypergraph, data, users, items, groups):
    """The hypergraph's equations, one group, user and item after the other."""
    u, i, total = users, items, groups
    all_users, all_items = users, items
    for layer in hypergraph.layers:
        message = []
        for g in range(N_GROUPS):
            parts = [mean_of(u, members_of(data, g)), mean_of(i, items_of(data, g))]
            message.append(layer(torch.cat([*parts, *([parts[1] * groups[g]] if hypergraph.own else [])])))
        message = torch.stack(message)
        u, i = (
            torch.stack(
                [mean_of(message, [g for g in range(N_GROUPS) if n in of(data, g)]) for n in range(k)]
            )
            for of, k in ((members_of, N_USERS), (items_of, N_ITEMS))
        )
        all_users, all_items, total = all_users + u, all_items + i, total + message
    return all_users, all_items, total


@pytest.mark.parametrize("own", [False, True])
def test_hypergraph_is_its_equation_for_each_node(data, own):
    hypergraph = Hypergraph(data, WIDTH, 2, own=own, thinning=0.5).eval()
    start = [torch.randn(n, WIDTH) for n in (N_USERS, N_ITEMS, N_GROUPS)]

    for found, expected in zip(hypergraph(*start), convolved(hypergraph, data, *start), strict=True):
        torch.testing.assert_close(found, expected)


def test_lightgcn_is_the_mean_of_powers_of_the_normalised_graph(data):
    raters, items = torch.randn(N_GROUPS, WIDTH), torch.randn(N_ITEMS, WIDTH)
    chosen = torch.zeros(N_GROUPS, N_ITEMS)
    chosen[data.groups.raters, data.groups.items] = 1
    graph = torch.cat(
        [
            torch.cat([torch.zeros(N_GROUPS, N_GROUPS), chosen], dim=1),
            torch.cat([chosen.T, torch.zeros(N_ITEMS, N_ITEMS)], dim=1),
        ]
    )
    scale = graph.sum(dim=1).clamp(min=1) ** -0.5
    graph = scale[:, None] * graph * scale
    start = torch.cat([raters, items])
    expected = (start + graph @ start + graph @ graph @ start) / 3

    torch.testing.assert_close(torch.cat(LightGcn(choices(data.groups), 2, 0.0)(raters, items)), expected)


def test_thinning_is_right_on_average_and_off_when_scoring():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    matrix = csr_array(np.where(rng.random((6, 9)) < 0.5, rng.random((6, 9)), 0).astype(np.float32))
    thinned, whole = Thinned(matrix, 0.4), Propagation(matrix)
    dense = torch.eye(9, requires_grad=True)
    draws = torch.stack([thinned(dense) for _ in range(4000)]).detach()
    exact = whole(dense)
    share = (draws[:, exact != 0] == 0).float().mean()

    assert abs(float(share) - 0.4) < 0.02
    assert torch.allclose(draws.mean(dim=0), exact, atol=0.05)
    torch.testing.assert_close(thinned.eval()(dense), exact)


def test_thinned_gradients_are_those_of_what_was_kept():
    torch.manual_seed(0)
    matrix = csr_array(np.arange(1.0, 13.0, dtype=np.float32).reshape(3, 4))
    dense = torch.eye(4, requires_grad=True)
    weights = torch.randn(3, 4)
    found = Thinned(matrix, 0.5)(dense)
    (found * weights).sum().backward()

    torch.testing.assert_close(dense.grad, found.detach().T @ weights)


def test_bounds_are_the_smallest_box_around_members(data):
    users = torch.randn(N_USERS, WIDTH)
    low, high = bounds(users, data.members, torch.tensor([5, 0, 7]))
    for row, group in enumerate([5, 0, 7]):
        held = users[members_of(data, group)]
        torch.testing.assert_close(low[row], held.min(dim=0).values)
        torch.testing.assert_close(high[row], held.max(dim=0).values)


def test_consrec_is_the_gated_sum_of_three_views(data):
    network = ConsRecNetwork(data, ConsRec(width=WIDTH, layers=1, thinning=0.5)).eval()
    users, items, groups = (e.weight for e in (network.users, network.items, network.groups))
    held = [
        {("u", u) for u in members_of(data, g)} | {("i", i) for i in items_of(data, g)}
        for g in range(N_GROUPS)
    ]
    shares = torch.tensor([[len(a & b) / len(a | b) for b in held] for a in held])
    alike = groups + (shares / shares.sum(dim=1, keepdim=True)) @ groups
    all_users, all_items, by_members = convolved(network.of_members, data, users, items, alike)
    by_items, _ = network.of_items(groups, items)
    views = (alike, by_members, by_items)
    consensus = sum(
        torch.sigmoid(v @ g.weight.T + g.bias) * v for g, v in zip(network.gates, views, strict=True)
    )
    chosen = torch.tensor([[3, 9], [1, 0]])
    encoded = network.encode()

    torch.testing.assert_close(
        network.group_logits(encoded, torch.tensor([4, 8]), chosen),
        (consensus[[4, 8]][:, None] * all_items[chosen]).sum(dim=2),
    )
    torch.testing.assert_close(
        network.user_logits(encoded, torch.tensor([4, 8]), chosen),
        (all_users[[4, 8]][:, None] * all_items[chosen]).sum(dim=2),
    )


def test_alignment_is_infonce_of_cosines():
    centres, consensus = torch.randn(5, WIDTH), torch.randn(5, WIDTH)
    cosines = functional.cosine_similarity(centres[:, None], consensus[None], dim=2) / 0.3
    expected = -(cosines.diag().exp() / cosines.exp().sum(dim=1)).log().mean()

    torch.testing.assert_close(alignment(centres, consensus, 0.3), expected)
    assert alignment(consensus, consensus, 0.1) < alignment(centres, consensus, 0.1)


def test_aligngroup_aligns_the_groups_of_a_batch_once_each(data):
    made = AlignGroup(width=WIDTH, layers=1, thinning=0.0, align_weight=0.5, temperature=0.2)
    network = AlignGroupNetwork(data, made)
    encoded = network.encode()
    groups, items = torch.tensor([7, 3, 7]), torch.zeros(3, 2, dtype=torch.long)
    centres = torch.stack(
        [(m.amin(dim=0) + m.amax(dim=0)) / 2 for m in (encoded[0][members_of(data, g)] for g in (3, 7))]
    )
    expected = 0.5 * alignment(centres, encoded[2][[3, 7]], 0.2)

    torch.testing.assert_close(network.extra_loss(encoded, Batch("groups", groups, items)), expected)
    assert network.extra_loss(encoded, Batch("users", groups, items)) is None


def test_cuberec_is_the_distance_to_a_cube(data):
    network = CubeRecNetwork(data, CubeRec(width=WIDTH, layers=1, thinning=0.0, inside_weight=0.3)).eval()
    encoded = network.encode()
    users, items = encoded[0], encoded[1]
    chosen = torch.tensor([[3, 9], [1, 0]])
    found = network.group_logits(encoded, torch.tensor([4, 8]), chosen)
    for row, group in enumerate([4, 8]):
        low, high = bounds(users, data.members, torch.tensor([group]))
        centre = network.center.weight @ (low + high)[0] / 2
        offset = (network.offset.weight @ (high - low)[0] / 2).abs()
        for column in range(2):
            item = items[chosen[row, column]]
            nearest = item.clamp(centre - offset, centre + offset)
            expected = -((item - nearest).norm() + 0.3 * (centre - nearest).norm())
            torch.testing.assert_close(found[row, column], expected, atol=2e-3, rtol=1e-3)


def sets_of(data, of):
    return [set(of(data, group)) for group in range(N_GROUPS)]


def shares(sets):
    """Jaccard overlaps, 0 for two empty sets."""
    return torch.tensor([[len(a & b) / max(len(a | b), 1) for b in sets] for a in sets])


def test_dggvae_is_its_equation_for_each_group_and_item(data):
    made = Dggvae(width=WIDTH, layers=1, neighbors=6, smoothing=2, hidden=3)
    network = DggvaeNetwork(data, made).eval()
    users, items, coarse = convolved(
        network.hypergraph, data, *(e.weight for e in (network.users, network.items, network.groups))
    )
    fine = torch.stack(
        [
            (mean_of(users, members_of(data, g)) + mean_of(items, items_of(data, g))) / 2
            for g in range(N_GROUPS)
        ]
    )
    near = (shares(sets_of(data, members_of)) + shares(sets_of(data, items_of))) / 2
    kept = torch.zeros_like(near)
    for group, row in enumerate(near):
        strongest = sorted(range(N_GROUPS), key=lambda other: (-row[other], other))[:6]
        kept[group, strongest] = row[strongest]
    alike = kept / kept.sum(dim=1, keepdim=True)
    chosen = torch.zeros(N_GROUPS, N_ITEMS)
    chosen[data.groups.raters, data.groups.items] = 1
    top, bottom = torch.cat([torch.eye(N_GROUPS), chosen], 1), torch.cat([chosen.T, torch.eye(N_ITEMS)], 1)
    graph = torch.cat([top, bottom])
    scale = graph.sum(dim=1) ** -0.5
    means, precisions = [], []
    for view, mean, log_variance in zip((coarse, fine), network.means, network.log_variances, strict=True):
        nodes = functional.normalize(torch.cat([alike @ alike @ view, items]))
        heard = functional.leaky_relu((scale[:, None] * graph * scale) @ nodes)
        means.append(mean(heard))
        precisions.append(1 / log_variance(heard).exp())
    joint = sum(m * p for m, p in zip(means, precisions, strict=True)) / sum(precisions)
    drawn = joint + sum(means)
    pairs = torch.tensor([[3, 9], [1, 0]])
    encoded = network.encode()

    torch.testing.assert_close(
        network.group_logits(encoded, torch.tensor([1, 8]), pairs),
        network.predict(drawn[[1, 8]][:, None] * drawn[N_GROUPS + pairs]).squeeze(-1),
    )
    torch.testing.assert_close(
        network.user_logits(encoded, torch.tensor([4, 8]), pairs),
        network.predict(users[[4, 8]][:, None] * items[pairs]).squeeze(-1),
    )


def test_dggvae_loses_by_divergence_and_contrast(data):
    made = Dggvae(width=WIDTH, divergence_weight=0.3, contrast_weight=0.7, temperature=0.5)
    network = DggvaeNetwork(data, made)
    encoded = network.encode()
    coarse, fine, of_coarse, of_fine, mean, log_variance = encoded[4:]
    batch = Batch("groups", torch.tensor([7, 3, 7]), torch.tensor([[2, 9], [5, 9], [2, 1]]))
    both = [3, 7, N_GROUPS + 2, N_GROUPS + 5]
    expected = 0.3 * divergence(Gaussian(mean, log_variance)) + 0.7 * (
        alignment(coarse[[3, 7]], fine[[3, 7]], 0.5) + alignment(of_coarse[both], of_fine[both], 0.5)
    )

    torch.testing.assert_close(network.extra_loss(encoded, batch), expected)
    assert network.extra_loss(encoded, Batch("users", batch.raters, batch.items)) is None
    assert not torch.equal(network.encode()[2], encoded[2])
    assert torch.equal(network.eval().encode()[2], network.encode()[2])


def test_product_and_divergence_are_those_of_normal_distributions():
    one, other = (Gaussian(torch.randn(5, WIDTH), torch.randn(5, WIDTH)) for _ in range(2))
    joint = product([one, other])
    first, second, both = (Normal(g.mean, (g.log_variance / 2).exp()) for g in (one, other, joint))
    ratio, same = (
        first.log_prob(x) + second.log_prob(x) - both.log_prob(x) for x in torch.randn(2, 5, WIDTH)
    )

    torch.testing.assert_close(ratio, same)
    torch.testing.assert_close(divergence(one), kl_divergence(first, Normal(0.0, 1.0)).sum(dim=1).mean())


def test_hcr_is_its_equation_for_each_group_and_item(data):
    network = HcrNetwork(data, Hcr(width=WIDTH, layers=2, hidden=(5,), attention_width=3)).eval()
    users, items, groups = (e.weight for e in (network.users, network.items, network.groups))
    u, i, g, all_users, all_items, all_groups = users, items, groups, users, items, groups
    held = [{*members_of(data, k), *(N_USERS + n for n in items_of(data, k))} for k in range(N_GROUPS)]
    alike = shares(held) / shares(held).sum(dim=1, keepdim=True)
    for _ in range(2):
        both = torch.cat([u, i])
        edges = torch.stack([mean_of(both, sorted(h)) for h in held])
        nodes = [mean_of(edges, [k for k, h in enumerate(held) if n in h]) for n in range(len(both))]
        (u, i), g = torch.stack(nodes).split([N_USERS, N_ITEMS]), alike @ g
        all_users, all_items, all_groups = all_users + u, all_items + i, all_groups + g
    pairs, encoded = torch.tensor([[3, 9], [1, 0]]), network.encode()
    found = network.group_logits(encoded, torch.tensor([4, 8]), pairs)
    for row, group in enumerate([4, 8]):
        own = all_users[members_of(data, group)]
        for column, item in enumerate(all_items[pairs[row]]):
            hidden = network.attention.of_member(own) + network.attention.of_item(item)
            weights = network.attention.weight(torch.relu(hidden)).softmax(dim=0)
            whole = (weights * own).sum(dim=0) + all_groups[group]
            torch.testing.assert_close(found[row, column], network.tower(whole, item))

    torch.testing.assert_close(
        network.user_logits(encoded, torch.tensor([4, 8]), pairs),
        network.tower(all_users[[4, 8]][:, None], all_items[pairs]),
    )


def test_triangles_count_groups_that_share_members_with_both():
    membership = csr_array(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1.0]]))
    sets = [set(row.nonzero()[0].tolist()) for row in membership.toarray()]
    linked = [[bool(a & b) and a is not b for b in sets] for a in sets]
    expected = [
        [sum(linked[a][c] and linked[b][c] for c in range(5)) if linked[a][b] else 0 for b in range(5)]
        for a in range(5)
    ]

    np.testing.assert_array_equal(triangles(membership).toarray(), expected)
    assert np.sum(expected) > 0


def hhgr(data):
    return HhgrNetwork(data, Hhgr(width=WIDTH, layers=1, drop=0.5, contrast_weight=0.5))


def test_hhgr_is_its_equation_for_each_user_and_group(data):
    network = hhgr(data).eval()
    found_users, found_groups = network.encode()
    mixed = network.layers[0](network.users.weight)
    message = torch.stack([mean_of(mixed, members_of(data, g)) for g in range(N_GROUPS)])
    users = network.users.weight + torch.stack(
        [mean_of(message, [g for g in range(N_GROUPS) if u in members_of(data, g)]) for u in range(N_USERS)]
    )
    torch.testing.assert_close(found_users, users)
    near = network.motifs(network.groups.weight @ network.among_groups.weight.T)
    for group in range(N_GROUPS):
        held = users[members_of(data, group)]
        weights = network.energy(torch.relu(network.member(held))).softmax(dim=0)
        expected = (weights * held).sum(dim=0) + network.groups.weight[group] + near[group]
        torch.testing.assert_close(found_groups[group], expected)


def test_hhgr_sees_users_twice_in_training_only(data):
    network = hhgr(data)
    users, _, coarse, fine = network.encode()

    torch.testing.assert_close(users, (coarse + fine) / 2)
    assert not torch.equal(coarse, fine)
    assert len(network.eval().encode()) == 2
    none_left = network.convolved(torch.zeros(len(network.members)))
    torch.testing.assert_close(none_left, network.users.weight)


@pytest.mark.parametrize(("weight", "batch_size"), [(1.0, 50), (0.0, 1000), (0.3, 7)])
def test_joint_steps_pass_over_all_rows_once(data, weight, batch_size):
    seen = {"groups": [], "users": []}

    class Watched(CubeRecNetwork):
        def logits(self, encoded, batch):
            seen[batch.side].append(batch)
            return super().logits(encoded, batch)

    network = Watched(data, CubeRec(width=WIDTH, layers=1, thinning=0.0, inside_weight=0.3))
    objective = SampledObjective(network, data, Sampling("bpr", 3, batch_size, weight, joint=True))
    steps = [objective.loss(batch).total for batch in objective.batches()]
    for side, rows in (("groups", data.groups), ("users", data.users)):
        pairs = [p for b in seen[side] for p in zip(b.raters.tolist(), b.items[:, 0].tolist(), strict=True)]
        expected = list(zip(rows.raters.tolist(), rows.items.tolist(), strict=True))
        assert sorted(pairs) == (expected if side == "groups" or weight else [])
        assert not any(rows.hold(b.raters[:, None], b.items[:, 1:]).any() for b in seen[side])
    total = len(data.groups) + (len(data.users) if weight else 0)

    assert len(steps) == -(-total // batch_size)
    assert all(torch.isfinite(step) for step in steps)


@pytest.mark.parametrize("name", NAMES)
def test_first_line_is_short_and_deviations_are_stated(name):
    made = type(methods[name].create())

    assert len(made.__doc__.partition("\n")[0]) < 110
    assert "Deviations:" in made.__doc__


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["aligngroup", "consrec", "cuberec"])
def test_threads_add_up_in_the_same_order_again(name, two_threads):
    train = small_training()
    first, again = (
        methods[name].create(epochs=4).fit(train, rng=generator("threads")).score_groups(train.groups)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    assert not torch.are_deterministic_algorithms_enabled()
