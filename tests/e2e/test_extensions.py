"""Methods, aggregators, data sets, views, protocols and metrics that live outside of the repository."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from groupbench import api

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
AGGREGATOR = '''
from dataclasses import dataclass
from groupbench import Aggregator, MemberScores, aggregator

@aggregator("second-best")
@dataclass
class SecondBest(Aggregator):
    """Halfway between the mean and the highest score."""

    def aggregate(self, members: MemberScores):
        mean = members.segments.mean(members.scores)
        return (mean + members.segments.reduce("max", members.scores)) / 2
'''
DATASET = '''
import numpy as np
from groupbench import Dataset, Ratings, dataset

@dataset("striped")
def striped(source):
    """Users who like every third item."""
    users, items = np.divmod(np.arange(40 * 12), 12)
    values = np.where((users + items) % 3 == 0, 5.0, 2.0)
    return Dataset("striped", "Striped", Ratings(users, items, values, 40, 12),
        tuple(map(str, range(40))), tuple(map(str, range(12))), (1.0, 5.0))
'''


def test_a_method_from_the_template(cli, statuses):
    assert cli("new", "method", "my-method").returncode == 0
    plugin = ("--plugin", "my_method.py")
    assert "\n  my-method " in cli("list", "methods", *plugin).stdout
    assert "damping: float = 10.0" in cli("list", "my-method", *plugin).stdout

    checked = cli("check", "my-method", *plugin)
    assert checked.returncode == 0, checked.stdout
    assert " 0 failed" in checked.stdout

    ended = cli(
        "run", *plugin, "--methods", "random,my-method", "--set", "my-method.damping=2", "--seeds", "1"
    )
    assert ended.returncode == 0, ended
    assert statuses(cli.folder / "results")["my-method[damping=2.0]"][0] == "done"
    frame = api.load_results(cli.folder / "results")
    ndcg = frame[(frame["view"] == "rated-user") & (frame["metric"] == "ndcg@10")].set_index("method")[
        "value"
    ]
    assert ndcg["my-method[damping=2.0]"] > ndcg["random"]


def test_a_file_is_checked_with_all_that_it_registers(cli):
    (cli.folder / "striped.py").write_text(DATASET + AGGREGATOR)
    assert cli("new", "aggregator", "mine").returncode == 0
    for name in ("striped.py", "./striped.py"):
        checked = cli("check", name)
        assert checked.returncode == 0, checked
        assert "striped: 4 passed, 0 failed" in checked.stdout
        assert "second-best: 4 passed, 0 failed" in checked.stdout
    (cli.folder / "empty.py").write_text("")
    for name, said in {
        "empty.py": "empty.py registers nothing to check; decorate a class with @method('name')",
        "./nowhere": "plugin ./nowhere: no such Python file; give the path of a .py file",
        "mine": "unknown name to check 'mine'; mine.py registers it: add --plugin mine.py",
        "empty": "did you mean 'empty.py'",
    }.items():
        assert said in cli.refused("check", name)


def test_an_edited_method_is_run_again(cli):
    assert cli("new", "method", "mine").returncode == 0
    call = ("run", "--plugin", "mine.py", "--methods", "mine,item-mean", "--seeds", "1")
    assert "2 run, 0 already there" in cli(*call).stdout
    file = cli.folder / "mine.py"
    file.write_text(file.read_text().replace("damping: float = 10.0", "damping: float = 1.0"))
    assert "1 run, 1 already there" in cli(*call).stdout


def test_an_aggregator(cli):
    (cli.folder / "second.py").write_text(AGGREGATOR)
    call = ("run", "--plugin", "second.py", "--methods", "random,svd", "--seeds", "1")
    assert cli(*call).returncode == 0
    frame = api.load_results(cli.folder / "results")
    groups = frame[(frame["view"] == "rated-group") & (frame["method"] == "svd")]
    ndcg = groups[groups["metric"] == "ndcg@10"].set_index("aggregator")["value"]
    assert ndcg["second-best"] not in (ndcg["average"], ndcg["most-pleasure"])
    assert "second-best" in cli("table", "--aggregator", "second-best").stdout


def test_a_view_a_protocol_and_a_metric(cli, statuses):
    for name in ("lowest_rating", "parties", "rank_biased"):
        shutil.copy(EXAMPLES / f"{name}.py", cli.folder)
    protocol = ("--plugin", "parties.py", "--protocol", "parties", "--option", "n_groups=15")
    added = (*protocol, "--plugin", "lowest_rating.py", "--plugin", "rank_biased.py")
    call = ("run", *added, "--methods", "random,oracle", "--seeds", "1")
    assert cli(*call).returncode == 0
    assert {status for status, _ in statuses(cli.folder / "results").values()} == {"done"}
    frame = api.load_results(cli.folder / "results")
    assert set(frame["view"]) == {"rated-group", "rated-lowest"}
    values = frame[frame["metric"] == "rbp@20"].pivot_table("value", "method", "view")
    assert (values.loc["oracle"] > values.loc["random"]).all()
    assert values.loc["oracle", "rated-group"] > values.loc["oracle", "rated-lowest"]
    # Results are read without the plugins.
    assert "protocol parties+n_groups=15, view rated-lowest" in cli("table", "--view", "rated-lowest").stdout

    assert "0 run, 2 already there" in cli(*call).stdout
    file = cli.folder / "lowest_rating.py"
    file.write_text(file.read_text().replace("tau=3.5", "tau=3.0"))
    assert "2 run, 0 already there" in cli(*call).stdout
    assert "unknown view 'rated-lowest'" in cli("run", *protocol, "--methods", "random").stderr


def test_a_data_set_through_an_entry_point(cli):
    site = cli.folder / "site"
    (site / "striped-1.0.dist-info").mkdir(parents=True)
    (site / "striped_data.py").write_text(DATASET)
    (site / "striped-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: striped\nVersion: 1.0\n"
    )
    (site / "striped-1.0.dist-info" / "entry_points.txt").write_text(
        "[groupbench.datasets]\nstriped = striped_data:striped\n"
    )
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    assert "\n  striped " in cli("list", "datasets", PYTHONPATH=path).stdout
    call = (
        "run",
        "--dataset",
        "striped",
        "--methods",
        "random,svd,oracle",
        "--seeds",
        "1",
        "--n-groups",
        "3",
    )
    ended = cli(*call, "--json", PYTHONPATH=path)
    assert ended.returncode == 0, ended
    assert {job["status"] for job in json.loads(ended.stdout)["jobs"]} == {"done"}
    assert "striped, protocol paper+n_groups=3" in cli("table").stdout


def test_a_data_set_of_a_plugin_is_checked_described_and_examined(cli):
    (cli.folder / "striped.py").write_text(DATASET)
    for command, said in (
        (("check",), "ratings"),
        (("info",), "users            40"),
        (("doctor", "--json"), "striped"),
    ):
        ended = cli("data", *command, "striped", "--plugin", "striped.py")
        assert ended.returncode == 0, ended
        assert said in ended.stdout
        assert "unknown data set 'striped'" in cli.refused("data", *command, "striped")


@pytest.mark.parametrize(
    ("file", "said"), [("absent_module", "ModuleNotFoundError"), ("torn", "SyntaxError")]
)
def test_a_broken_entry_point_is_named(cli, file, said):
    site = cli.folder / "site"
    (site / "torn-1.0.dist-info").mkdir(parents=True)
    (site / "torn.py").write_text("def torn(:\n")
    (site / "torn-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: torn\nVersion: 1.0\n")
    (site / "torn-1.0.dist-info" / "entry_points.txt").write_text(
        f"[groupbench.methods]\ntorn = {file}:torn\n"
    )
    message = cli.refused("list", "methods", PYTHONPATH=str(site))
    assert "entry point 'torn' of groupbench.methods" in message
    assert said in message
