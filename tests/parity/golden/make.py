"""Write what ranx gives for a hundred lists without ties, so that tests need not wait for numba.

python tests/parity/golden/make.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

WIDTH = 24
LISTS = 100
CUTOFFS = (1, 3, 5, 10, 20)
NAMES = {
    "precision": "precision",
    "recall": "recall",
    "ndcg": "ndcg",
    "map": "map",
    "hit": "hit_rate",
    "mrr": "mrr",
}
"""Our metrics and what ranx calls them."""


def made_lists():
    """Scores by candidate, all distinct, and whether each is relevant; at least one is."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(1, WIDTH + 1, LISTS)
    scores = [rng.permutation(size).tolist() for size in sizes]
    relevant = [rng.random(size) < rng.random() for size in sizes]
    for flags in relevant:
        flags[0] |= not flags.any()
    return scores, [flags.astype(int).tolist() for flags in relevant]


def ranx_values(scores, relevant):
    """Per metric, such as `ndcg@10`, a value for each list."""
    import ranx

    qrels = {f"q{i}": {f"d{c}": 1 for c, r in enumerate(flags) if r} for i, flags in enumerate(relevant)}
    run = {f"q{i}": {f"d{c}": float(s) for c, s in enumerate(row)} for i, row in enumerate(scores)}
    wanted = {f"{ours}@{k}": f"{name}@{k}" for ours, name in NAMES.items() for k in CUTOFFS}
    scored = ranx.Run(run)
    ranx.evaluate(ranx.Qrels(qrels), scored, list(wanted.values()), return_mean=False)
    return {ours: [round(float(scored.scores[name][q]), 12) for q in qrels] for ours, name in wanted.items()}


def main():
    scores, relevant = made_lists()
    lines = [
        f'"made by": "ranx {version("ranx")}"',
        f'"scores": {json.dumps(scores, separators=(",", ":"))}',
        f'"relevant": {json.dumps(relevant, separators=(",", ":"))}',
        *(f'"{name}": {json.dumps(row)}' for name, row in ranx_values(scores, relevant).items()),
    ]
    Path(__file__).with_name("ranx.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
