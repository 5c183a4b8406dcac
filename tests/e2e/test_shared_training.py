"""Two processes learn what one learns, by the one trainer, in both families of networks."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.plugins import load_plugin
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.models.distributed import sharing
from groupbench.models.training import Epoch
from groupbench.testing import method_template
from tests.unit.models.test_training import fit, scores, taste_groups


def losses(epoch):
    return [*(epoch.losses.values() if isinstance(epoch, Epoch) else epoch)]


@pytest.mark.parametrize("name", ["dmtl", "dmtl-ranking", "hypergroup", "consrec", "cuberec", "hcr"])
def test_two_processes_learn_what_one_learns(name):
    train = taste_groups()
    alone, together = fit(name, train), fit(name, train, workers=2)

    for ours, theirs in zip(together.history, alone.history, strict=True):
        assert losses(ours) == pytest.approx(losses(theirs), rel=1e-4, abs=1e-5)
    for ours, theirs in zip(scores(together, train), scores(alone, train), strict=True):
        if name != "dmtl":
            # The losses are blind to a constant in all logits, whose gradient is rounding alone.
            ours, theirs = (part - part.mean(axis=1, keepdims=True) for part in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, atol=1e-2 * np.abs(theirs).max())


def test_a_network_of_a_plugin_is_trained_by_two_processes(tmp_path):
    file, train = tmp_path / "template_shared.py", taste_groups()
    text = method_template("template-shared", group=True, torch=True)
    file.write_text(text.replace("    width: int", '    training_workers = "many"\n\n    width: int'))
    load_plugin(file)
    try:
        made = [methods["template-shared"].create(epochs=2) for _ in range(2)]
    finally:
        methods._values.pop("template-shared")
    alone = made[0].fit(train, rng=generator("shared"))
    with sharing(2):
        together = made[1].fit(train, rng=generator("shared"))

    for ours, theirs in zip(together.history, alone.history, strict=True):
        assert losses(ours) == pytest.approx(losses(theirs), rel=1e-4, abs=1e-5)
