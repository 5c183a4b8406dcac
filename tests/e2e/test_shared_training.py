"""Two processes learn what one learns, by the one trainer, in both families of networks."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.models.training import Epoch
from tests.unit.models.test_training import fit, scores, taste_groups


def losses(epoch):
    return [*(epoch.losses.values() if isinstance(epoch, Epoch) else epoch)]


@pytest.mark.parametrize("name", ["dmtl", "hypergroup", "consrec", "cuberec"])
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
