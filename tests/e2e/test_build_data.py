"""What every recipe builds passes the doctor and goes through a run."""

from __future__ import annotations

import shutil
from pathlib import Path

from groupbench import api
from groupbench.data.recipes import RECIPES

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FRIENDS = ("--friends", "town/friends.csv")
CALLS = {
    "attendance-components": ("--events", "events.csv", *FRIENDS, "--negatives", "2"),
    "co-visit": ("--log", "town/checkins.csv", *FRIENDS, "--member-rows", "hide"),
    "co-presence": ("--log", "town/checkins.csv", "--min-meetings", "1"),
    "all-rated": (
        "--log",
        "lunch/ratings.csv",
        "--sizes",
        "2,3",
        "--min-items",
        "3",
        "--member-rows",
        "hide",
    ),
    "all-rated-liked": ("--log", "lunch/ratings.csv", "--sizes", "2", "--min-items", "2", "--n-groups", "9"),
    "similar-by-embedding": (
        "--log",
        "lunch/ratings.csv",
        "--sizes",
        "2",
        "--n-groups",
        "9",
        "--dimensions",
        "3",
    ),
    "subset": ("--log", "lunch", "--n-users", "30", "--min-item-rows", "2"),
}


def test_what_is_built_is_sound_and_runs(cli):
    shutil.copytree(EXAMPLES, cli.folder, dirs_exist_ok=True)
    text = (cli.folder / "town" / "checkins.csv").read_text(encoding="utf-8")
    (cli.folder / "events.csv").write_text(text.replace("item", "event", 1), encoding="utf-8")
    assert CALLS.keys() == RECIPES.keys()
    for recipe, options in CALLS.items():
        ended = cli("data", "build", recipe, *options, "-o", recipe)
        assert (ended.returncode, ended.stderr) == (0, "")
        found = cli("data", "doctor", recipe)
        assert found.returncode == 0
        assert "error" not in found.stdout
    ended = cli("run", "--methods", "popularity", "--dataset", ",".join(CALLS), "--seeds", "1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert set(api.load_results(cli.folder / "results")["dataset"]) == set(CALLS)
    assert "is there already; choose another folder" in cli.refused("data", "build", "subset", "-o", "subset")
