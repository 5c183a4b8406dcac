"""What is shown on a terminal."""

from __future__ import annotations

import re


def test_a_terminal_gets_a_live_bar(cli):
    status, seen = cli.on_terminal("run", "--methods", "random,svd", "--seeds", "1")
    assert status == 0, seen
    assert "\x1b[" in seen
    assert "2/2" in seen
    assert "2 jobs: 2 run, 0 already there, 0 failed" in seen


RUN = ("run", "--methods", "svd,random", "--seeds", "3", "--jobs", "1")


def test_a_terminal_shows_what_runs_what_is_left_and_who_leads(cli):
    status, text = cli.on_terminal(*RUN)
    assert status == 0, text
    for words in ("running: svd seed 0", " left", "best so far: svd ndcg@10", "[6/6] done", "6 jobs: 6 run"):
        assert words in text


def test_a_method_that_does_not_suit_the_data_is_skipped_with_its_reason(cli):
    status, text = cli.on_terminal("run", "--methods", "popularity-groups", "--seeds", "1")
    assert status == 0, text
    assert "[1/1] skipped" in text
    # Where a line is wrapped depends on how long the job took.
    shown = "".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split())
    assert "popularity-groupsseed0learnsfromjointratings,andtherearenone" in shown
    assert "1 job: 1 run, 0 already there, 0 failed" in text


def test_a_terminal_shows_how_tuning_goes(cli):
    asked = ("tune", "--methods", "ease,item-mean", "--trials", "6", "--repeats", "2", "--jobs", "1")
    status, text = cli.on_terminal(*asked)
    assert status == 0, text
    for words in ("running: ease trial ", "/12", " left", "best so far: ease ndcg@10", "6 trials", "2 of 2"):
        assert words in text


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(cli):
    status, text = cli.on_terminal(*RUN, TERM="dumb")
    assert status == 0, text
    assert "\x1b" not in text
    assert "running:" not in text
    assert "[6/6] done" in text
