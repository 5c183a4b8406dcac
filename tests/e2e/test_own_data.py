"""A folder of CSV files goes through the whole chain; a broken one is refused with file and line."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench import api

RUN = ("run", "--methods", "random,item-mean,svd,oracle", "--seeds", "1")


@pytest.fixture
def own(tmp_path):
    """A folder with text ids: 24 users in 6 groups of 4, who rate 15 of 30 items."""
    folder = tmp_path / "My films"
    folder.mkdir()
    rng = np.random.default_rng(3)
    good = rng.normal(size=30)
    rows = [
        f"user {u:02d}é,film/{i},{float(np.clip(np.rint(3 + good[i] + rng.normal(0, 0.5)), 1, 5)):g}"
        for u in range(24)
        for i in rng.choice(30, 15, replace=False)
    ]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *rows, ""]), encoding="utf-8")
    members = [f"family {u // 4},user {u:02d}é" for u in range(24)]
    (folder / "groups.csv").write_text("\n".join(["group,user", *members, ""]), encoding="utf-8")
    return folder


def test_natural_groups_of_a_folder(cli, own):
    ended = cli(*RUN, "--dataset", own, "--groups", "natural")
    assert (ended.returncode, ended.stderr) == (0, "")
    frame = api.load_results(cli.folder / "results")
    assert set(frame["dataset"]) == {"My-films"}
    assert set(frame["protocol"]) == {"paper+groups=natural"}
    shown = frame[(frame["view"] == "rated-group") & (frame["metric"] == "ndcg@10")]
    average = shown[shown["aggregator"].isin(["average", "none"])].set_index("method")["value"]
    assert average["random"] < average["item-mean"] < average["oracle"] == pytest.approx(1.0)


def test_results_name_the_ids_of_the_files(cli, own):
    import pyarrow.parquet as pq

    assert cli(*RUN[:2], "item-mean", "--seeds", "1", "--dataset", own, "--groups", "natural").returncode == 0
    (file,) = cli.folder.glob("results/runs/My-films/*/*/*/entities.parquet")
    rows = pq.read_table(file).to_pandas()
    groups = rows[rows["view"] == "rated-group"]["entity"].unique()
    assert len(groups) >= 4
    assert set(groups) <= {f"family {g}" for g in range(6)}
    top = pq.read_table(file.with_name("top.parquet")).to_pandas()
    assert top["item"].str.startswith("film/").all()
    assert top[top["view"] == "rated-user"]["entity"].str.match(r"user \d\dé").all()


def test_changed_data_is_run_again(cli, own):
    call = (*RUN, "--dataset", own, "--groups", "natural")
    assert "4 run" in cli(*call).stdout
    assert "0 run" in cli(*call).stdout
    text = (own / "ratings.csv").read_text(encoding="utf-8")
    (own / "ratings.csv").write_text(text.rsplit("user", 1)[0], encoding="utf-8")
    assert "4 run" in cli(*call).stdout


def test_groups_that_a_data_set_lacks_are_refused_before_any_job(cli, own):
    (own / "groups.csv").unlink()
    said = cli.refused(*RUN, "--dataset", own, "--groups", "natural")

    assert "has no natural groups; use groups=kmeans or add a groups.csv" in said
    assert not (cli.folder / "results").exists()


@pytest.mark.parametrize(
    ("name", "line", "text", "place"),
    [
        ("ratings.csv", 5, "user 01é,film/1,many", "ratings.csv:5"),
        ("ratings.csv", 7, ",film/1,3", "ratings.csv:7"),
        ("ratings.csv", 1, "who,item,rating", "ratings.csv"),
        ("groups.csv", 3, "family 0,", "groups.csv:3"),
        ("groups.csv", 4, "family 0", "groups.csv"),
    ],
)
def test_a_broken_folder_is_refused_with_file_and_line(cli, own, name, line, text, place):
    lines = (own / name).read_text(encoding="utf-8").splitlines()
    lines[line - 1] = text
    (own / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert place in cli.refused(*RUN, "--dataset", own, "--groups", "natural")


def test_a_folder_without_ratings_is_refused(cli):
    (cli.folder / "empty").mkdir()
    assert "ratings.csv" in cli.refused(*RUN, "--dataset", "empty")
