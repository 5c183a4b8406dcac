"""What is asked for wrongly is refused with one line that says what and the remedy; nothing is run."""

from __future__ import annotations

import shutil
import sys

import pytest

from groupbench.cli import main

RUN = ("run", "--methods", "random", "--seeds", "1")


@pytest.fixture
def refused(monkeypatch, tmp_path, capsys):
    """Calls the command in this process, which is faster; returns its one line on standard error."""

    def call(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["groupbench", *map(str, arguments)])
        monkeypatch.setenv("GROUPBENCH_COMMAND", "")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert (end.value.code, said.out, said.err.count("\n")) == (2, "", 1), said.err
        assert said.err.startswith("groupbench: ")
        return said.err

    return call


def test_a_word_that_the_environment_must_not_say(refused, monkeypatch):
    monkeypatch.setenv("GROUPBENCH_KERNELS", "yes")
    assert "GROUPBENCH_KERNELS=yes: give on, off or auto" in refused(*RUN, "--dataset", "itmrec-sim")


def test_the_installed_command_says_the_same(cli, refused):
    call = (*RUN, "--methods", "svd+")
    assert cli.refused(*call) == refused(*call)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--methods", "svd+"), "unknown method 'svd+'; did you mean 'SVD++' or 'svd'"),
        (("--methods", "zzzzzz"), "unknown method 'zzzzzz'; known: "),
        (("--methods", ","), "methods: name at least one"),
        (("--dataset", "itmrec_sim"), "unknown data set 'itmrec_sim'; did you mean 'itmrec-sim'"),
        (("--dataset", "nowhere/at/all"), "a folder of your own needs a ratings.csv"),
        (("--dataset", ""), "dataset: name at least one"),
        (("--seeds", "0"), "seeds=0: ask for at least one seed"),
        (("--seeds", "-3"), "seeds=-3: ask for at least one seed"),
        (("--seeds", "0,-1"), "seeds=[0, -1]"),
        (("--seeds", "9" * 30), "more than 10000 seeds; ask for fewer"),
        (("--seeds", "10000000"), "more than 10000 seeds; ask for fewer"),
        (("--seeds", "9" * 30 + ","), "the last seed is 9223372036854775807; name lower ones"),
        (("--threads", "99999999"), "threads=99999999: input should be less than or equal to 1024"),
        (("--dataset", "\udcff"), "'\\udcff' is not UTF-8"),
        (("--seeds", "many"), "seeds=many: give a number of seeds"),
        (("--seeds", "1,,2"), "seeds=1,,2: give a number of seeds"),
        (("--ratio", "0"), "ratio=0.0: input should be greater than 0"),
        (("--ratio", "1"), "ratio=1.0: input should be less than 1"),
        (("--ratio", "2"), "ratio=2.0"),
        (("--ratio", "nan"), "ratio=nan"),
        (("--tau", "nan"), "tau=nan: input should be a finite number"),
        (("--n-groups", "0"), "n_groups=0"),
        (("--groups", "clans"), "groups='clans': input should be 'kmeans' or 'natural'"),
        (("--option", "group_feature=shares"), "'group_feature'; did you mean 'group_features'"),
        (("--option", "group_features=colours"), "input should be 'means' or 'shares'"),
        (("--option", "n_groups"), "--option n_groups: write KEY=VALUE"),
        (("--set", "random"), "--set random: write METHOD.PARAMETER=VALUE"),
        (("--set", "svd.n_factors=5"), "unknown method among those to run 'svd'"),
        (("--methods", "svd", "--set", "svd.nfactors=5"), "'nfactors'; did you mean 'n_factors'"),
        (
            ("--methods", "svd", "--set", "svd.n_factors=many"),
            "svd.n_factors: Input should be a valid integer",
        ),
        (("--jobs", "0"), "jobs=0"),
        (("--threads", "0"), "threads=0"),
        (("--timeout", "0"), "timeout=0.0"),
        (("--timeout", "inf"), "timeout=inf: input should be a finite number"),
        (("--config", "nowhere.toml"), "config nowhere.toml: no such file"),
        (("--config", "."), "config .: "),
        (("--plugin", "nowhere.py"), "plugin nowhere.py: no such Python file"),
        (("--data-dir", "nowhere", "--dataset", "ml-100k"), "nowhere"),
    ],
)
def test_run(cli, refused, arguments, said):
    call = [*RUN, *arguments]
    if "--methods" in arguments:
        call[1:3] = []
    assert said in refused(*call)
    assert not (cli.folder / "results").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = [1", "run.toml: "),
        ("sets = 3", "run.toml: unknown key 'sets'; did you mean 'set'"),
        ("seeds = 'a'", "run.toml: seeds=a: give a number of seeds"),
        ("protocol = 3", "run.toml: protocol=3"),
        ("protocol = {rato = 0.7}", "unknown option of the protocol paper 'rato'; did you mean 'ratio'"),
        ("set = 'random'", "run.toml: set='random'"),
        ("jobs = 0", "run.toml: jobs=0"),
    ],
)
def test_config_file(cli, refused, text, said):
    (cli.folder / "run.toml").write_text(text)
    assert said in refused(*RUN, "--config", "run.toml")


def test_config_file_in_another_encoding(cli, refused):
    (cli.folder / "run.toml").write_bytes("methods = ['modèle']".encode("latin-1"))
    assert "must be a TOML file in UTF-8" in refused(*RUN, "--config", "run.toml")


def test_a_config_file_may_begin_with_a_mark_of_its_encoding(cli, refused):
    (cli.folder / "run.toml").write_bytes(b"\xef\xbb\xbfmethods = ['random']\r\ndataset = 'nowhere'\r\n")
    assert "unknown data set 'nowhere'" in refused("run", "--config", "run.toml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "docx"), "'docx'"),
        (("--view", "rated-users"), "did you mean 'rated-user'"),
        (("--metrics", "ndgc@10"), "did you mean 'ndcg@10'"),
        (("--metrics", "ndcg@7"), "'ndcg@7'"),
        (("--aggregator", "averge"), "did you mean 'average'"),
        (("--dataset", "itmrec"), "did you mean 'itmrec-sim'"),
        (("--ties", "lucky"), "'lucky'"),
        (("--against", "rumours"), "'rumours'"),
        (("--view", ""), "--view: name at least one, or leave it out"),
        (("--metrics", ","), "--metrics: name at least one, or leave it out"),
        (("--dataset", " "), "--dataset: name at least one, or leave it out"),
        (("--by", "size", "--view", "rated-grup"), "did you mean 'rated-group'"),
        (("--by", "size", "--aggregator", "averge"), "did you mean 'average'"),
        (("--by", "size", "--metrics", "beauty@10"), "unknown metric in these results 'beauty@10'"),
    ],
)
def test_table(refused, finished, arguments, said):
    assert said in refused("table", "--results", finished, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "-o", "file/page.html"), "file is no folder to write to; choose another file with -o"),
        (("merge", "-o", "joined", "--aggregator", "averge"), "did you mean 'average'"),
        (("merge", "-o", "joined", "--aggregator", ","), "--aggregator: name at least one"),
        (("merge", "-o", "joined", "--significance", "5"), "--significance is for what --pack writes"),
        (("merge", "-o", "joined", "--pack", "--metrics", "ndcg@10"), "what --significance N goes by"),
        (("merge", "-o", "joined", "--pack", "--significance", "5", "--metrics", "x"), "unknown metric"),
        (("plot", "bars", "--methods", ""), "--methods: name at least one, or leave it out"),
        (("export", "-o", "out", "--method", ""), "--methods: name at least one, or leave it out"),
        (("compare", "svd", "item-mean", "--metric", ""), "--metrics: name at least one, or leave it out"),
    ],
)
def test_what_reads_results(cli, refused, finished, arguments, said):
    (cli.folder / "file").write_text("in the way\n")
    where = [finished] if arguments[0] == "merge" else ["--results", finished]
    assert said in refused(*arguments, *where)
    assert [file.name for file in cli.folder.iterdir()] == ["file"]


def test_the_doctor_says_where_results_can_be_written(cli):
    (cli.folder / "file").write_text("in the way\n")
    for place, said in (("file", "NOT writable"), ("file/below", "NOT writable"), ("new/below", "writable")):
        assert cli("doctor", "--results", place).stdout.splitlines()[-1].endswith(f"{place} {said}")


def test_no_results(cli, refused):
    assert "make some with 'groupbench run'" in refused("table")
    (cli.folder / "results").write_text("a file\n")
    assert "make some with 'groupbench run'" in refused("table")


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_results_that_cannot_be_written(cli, refused, place):
    (cli.folder / "file").write_text("in the way\n")
    assert "choose another --results folder" in refused(*RUN, "--results", place)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'{"schema": 99}', b"\xff\xfe", b'{"schema":1}']
)
def test_a_damaged_record(refused, finished, tmp_path, content):
    shutil.copytree(finished, tmp_path / "results")
    file = next(tmp_path.glob("results/runs/*/*/svd/*/run.json"))
    file.write_bytes(content)
    assert f"{file.relative_to(tmp_path)} is not a run record" in refused("table")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "ndgc@10"), "did you mean"),
        (("list", "svdd"), "did you mean 'svd'"),
        (("check", "svdd"), "did you mean 'svd'"),
        (("data", "info", "ml100k"), "did you mean 'ml-100k'"),
        (("new", "method", "My Method"), "try 'my-method'"),
        (("new", "method", "fine", "--folder", "nowhere"), "choose another --folder"),
        (("new", "method", "svd"), "there is a method 'svd' already"),
        (("tune", "--methods", "svd", "--metric", "ndcg"), "metric 'ndcg' needs a cutoff K"),
    ],
)
def test_other_commands(refused, arguments, said):
    assert said in refused(*arguments)


def test_a_template_is_never_overwritten(cli, refused):
    assert cli("new", "method", "mine").returncode == 0
    text = (cli.folder / "mine.py").read_text()
    assert "mine.py exists" in refused("new", "method", "mine")
    assert (cli.folder / "mine.py").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--methds", "svd"), "no such option: --methds (Possible options: --methods, "),
        (
            ("run", "--seeds"),
            "option '--seeds' requires an argument ('groupbench run --help' shows what there is)",
        ),
        (
            ("run", "svd"),
            "got unexpected extra argument(s) (svd) ('groupbench run --help' shows what there is)",
        ),
        (("run", "--ratio", "much"), "invalid value for '--ratio': "),
        (("compare", "svd"), "missing argument 'second' ('groupbench compare --help' shows what there is)"),
        (("export",), "missing option '--output' / '-o' ('groupbench export --help' shows what there is)"),
        (("plot", "nosuch"), "no such command 'nosuch' ('groupbench plot --help' shows what there is)"),
        (
            ("tabel",),
            "no such command 'tabel'. Did you mean 'table'? ('groupbench --help' shows what there is)",
        ),
        (("--nosuch", "--debug"), "no such option: --nosuch ('groupbench --help' shows what there is)"),
    ],
)
def test_a_command_line_that_is_not_understood_is_refused_in_one_line(refused, arguments, said):
    assert said in refused(*arguments)


@pytest.mark.parametrize("arguments", [(), ("plot",), ("data",)])
def test_a_command_that_lacks_another_shows_which_there_are(cli, arguments):
    ended = cli(*arguments)
    assert ended.returncode == 2
    assert "Usage: groupbench" in ended.stderr + ended.stdout
    assert "Commands" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments", [("--debug", "run", "--seeds", "0"), ("run", "--seeds", "0", "--debug")]
)
def test_debug_shows_the_traceback_before_the_line(cli, arguments):
    ended = cli(*arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Traceback (most recent call last)")
    assert ended.stderr.splitlines()[-1].startswith("groupbench: seeds=0")


def test_too_many_groups_are_refused_before_any_job(cli):
    ended = cli(*RUN, "--n-groups", "100000")
    assert ended.returncode == 2
    assert "n_groups=100000" in ended.stderr
    assert "ask for fewer groups" in ended.stderr
    assert not (cli.folder / "results").exists()
