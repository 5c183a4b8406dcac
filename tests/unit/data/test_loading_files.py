"""Archives, lookup order, downloads and checksums."""

from __future__ import annotations

import hashlib
import io
import stat
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from groupbench.core import plugins, registry
from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.loading import Card, Source, check, fetch, info, load

FILES = {"ratings.csv": b"user,item,rating\nu,a,1\nv,b,5\n", "notes.txt": b"hello"}

PLUGIN = '''
from groupbench import Dataset, Ratings, dataset
from groupbench.data.loading import indices, sorted_ids


@dataset("toy")
def load(source):
    """A toy that is read as any other data set."""
    table = source.table("ratings.csv")
    source.note("two rows are all there is")
    users, items = sorted_ids(table.frame["user"]), sorted_ids(table.frame["item"])
    rows = Ratings(
        indices(table, "user", users, "it"), indices(table, "item", items, "it"),
        table.numbers("rating"), len(users), len(items),
    )
    return Dataset(source.card.name, source.card.title, rows, users, items, (1.0, 5.0))
'''


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ARCHIVE = zipped({f"Toy/{name}": data for name, data in FILES.items()})


ARCHIVE_SUM = sha(ARCHIVE)


@pytest.fixture
def server(tmp_path):
    """An address whose files lie in `tmp_path/www`, and the paths that were asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, form, *args):
            asked.append(self.path)

    (tmp_path / "www").mkdir()
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "www"))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}", asked
    http.shutdown()
    http.server_close()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Registers the plugin `toy` with the given card; returns a function that writes its registry.toml."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GROUPBENCH_DATA", raising=False)
    assert registry.datasets
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "toy.py").write_text(PLUGIN)

    def write(addresses=(), sha256=ARCHIVE_SUM, sums=None, archive="toy.zip"):
        sums = {"ratings.csv": sha(FILES["ratings.csv"])} if sums is None else sums
        lines = ["[toy]", 'title = "Toy"', f'archive = "{archive}"', f'sha256 = "{sha256}"']
        lines += [
            f"addresses = {list(addresses)!r}",
            "[toy.files]",
            *(f'"{n}" = "{s}"' for n, s in sums.items()),
        ]
        (tmp_path / "plugin" / "registry.toml").write_text("\n".join(lines))
        plugins.load_plugin(tmp_path / "plugin" / "toy.py")

    yield write
    registry.datasets._values.pop("toy", None)


@pytest.fixture
def data_dir(tmp_path):
    (tmp_path / "data" / "toy").mkdir(parents=True)
    return tmp_path / "data"


def test_an_archive_and_an_unpacked_folder_give_the_same(toy, data_dir, tmp_path):
    toy()
    (data_dir / "toy" / "toy.zip").write_bytes(ARCHIVE)
    packed = load("toy", data_dir)
    assert fetch("toy", data_dir) == [data_dir / "toy" / "toy.zip"]
    (data_dir / "toy" / "toy.zip").unlink()
    (data_dir / "toy" / "ratings.csv").write_bytes(FILES["ratings.csv"])
    assert load("toy", data_dir).content_hash == packed.content_hash
    assert fetch("toy", data_dir) == [data_dir / "toy" / "ratings.csv"]
    assert not (tmp_path / "cache").exists()


def test_the_environment_names_the_folder_and_the_argument_goes_before_it(
    toy, data_dir, tmp_path, monkeypatch
):
    toy(sums={"ratings.csv": ""})
    (data_dir / "toy" / "ratings.csv").write_bytes(FILES["ratings.csv"])
    other = tmp_path / "other" / "toy"
    other.mkdir(parents=True)
    (other / "ratings.csv").write_bytes(b"user,item,rating\nx,a,1\ny,b,5\n")
    monkeypatch.setenv("GROUPBENCH_DATA", str(data_dir))
    assert load("toy").user_ids == ("u", "v")
    assert load("toy", tmp_path / "other").user_ids == ("x", "y")


def test_a_data_folder_that_does_not_exist_is_an_error(toy, tmp_path, monkeypatch):
    toy()
    with pytest.raises(ConfigError, match="--data-dir"):
        load("toy", tmp_path / "nowhere")
    monkeypatch.setenv("GROUPBENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="GROUPBENCH_DATA"):
        load("toy")
    assert load("itmrec-sim").simulated


def test_a_missing_file_is_named(toy, data_dir):
    toy(sums={"ratings.csv": "", "users.csv": ""}, addresses=["http://x.invalid/toy.zip"])
    (data_dir / "toy" / "ratings.csv").write_bytes(FILES["ratings.csv"])
    with pytest.raises(DatasetError, match=r"lacks users.csv; get toy.zip from http://x.invalid/toy.zip"):
        load("toy", data_dir)
    assert "lacks users.csv" in check("toy", data_dir).problem


def test_a_changed_file_names_both_checksums(toy, data_dir):
    toy()
    (data_dir / "toy" / "ratings.csv").write_bytes(b"user,item,rating\n")
    with pytest.raises(DatasetError) as caught:
        load("toy", data_dir)
    assert sha(b"user,item,rating\n") in str(caught.value)
    assert sha(FILES["ratings.csv"]) in str(caught.value)
    found = check("toy", data_dir)
    assert not found.ok
    assert [f.status for f in found.files] == ["changed"]


def test_a_changed_archive_names_both_checksums(toy, data_dir):
    toy()
    other = zipped({"ratings.csv": FILES["ratings.csv"], "more.txt": b""})
    (data_dir / "toy" / "toy.zip").write_bytes(other)
    with pytest.raises(DatasetError) as caught:
        load("toy", data_dir)
    assert sha(other) in str(caught.value)
    assert sha(ARCHIVE) in str(caught.value)
    assert [f.status for f in check("toy", data_dir).files] == ["changed", "ok"]


def test_what_no_checksum_covers_is_noted(toy, data_dir):
    toy(sums={"ratings.csv": ""})
    (data_dir / "toy" / "ratings.csv").write_bytes(FILES["ratings.csv"])
    loose = check("toy", data_dir)
    assert loose.ok
    assert [f.status for f in loose.files] == ["unverified"]
    assert any("no checksum" in note for note in loose.notes)
    (data_dir / "toy" / "toy.zip").write_bytes(ARCHIVE)
    sealed = check("toy", data_dir)
    assert [f.status for f in sealed.files] == ["ok", "ok"]
    assert sealed.notes == ("two rows are all there is",)


def test_mirrors_are_tried_in_order_and_the_cache_is_used_again(toy, server, tmp_path):
    address, asked = server
    (tmp_path / "www" / "good.zip").write_bytes(ARCHIVE)
    (tmp_path / "www" / "bad.zip").write_bytes(ARCHIVE[:-40])
    toy(addresses=[f"{address}/{name}.zip" for name in ("gone", "bad", "good")])
    data = load("toy")
    assert data.title == "Toy"
    assert [line for line in asked if "GET" not in line][:1] == ["/gone.zip"]
    assert asked.index("/bad.zip") < asked.index("/good.zip")
    asked.clear()
    assert load("toy").content_hash == data.content_hash
    assert fetch("toy") == [tmp_path / "cache" / "groupbench" / "toy" / "toy.zip"]
    assert asked == []


def test_nothing_is_kept_of_a_download_that_fails(toy, server, tmp_path):
    address, _ = server
    (tmp_path / "www" / "bad.zip").write_bytes(ARCHIVE[:-40])
    toy(addresses=[f"{address}/bad.zip"])
    with pytest.raises(DatasetError) as caught:
        load("toy")
    for part in (f"{address}/bad.zip", "<folder>/toy/", "GROUPBENCH_DATA", "--dataset itmrec-sim"):
        assert part in str(caught.value)
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []
    assert check("toy").path is None


def test_no_checksum_no_download_unless_allowed(toy, server, tmp_path):
    address, asked = server
    (tmp_path / "www" / "toy.zip").write_bytes(ARCHIVE)
    toy(addresses=[f"{address}/toy.zip"], sha256="", sums={"ratings.csv": ""})
    with pytest.raises(DatasetError, match="--allow-unverified"):
        fetch("toy")
    assert asked == []
    assert [path.name for path in fetch("toy", allow_unverified=True)] == ["toy.zip"]
    assert load("toy").user_ids == ("u", "v")


def test_without_network_the_error_says_where_to_get_the_file(toy):
    toy(addresses=["http://127.0.0.1:9/toy.zip"])
    with pytest.raises(DatasetError, match=r"get toy.zip from http://127.0.0.1:9/toy.zip .*--data-dir"):
        load("toy")
    known = info("toy")
    assert known.card.addresses == ("http://127.0.0.1:9/toy.zip",)
    assert known.check.path is None
    assert not known.check.ok


def test_a_malformed_registry_entry_names_the_key(toy, tmp_path):
    toy()
    (tmp_path / "plugin" / "registry.toml").write_text('[toy]\nlicense = "MIT"\n')
    with pytest.raises(DatasetError, match=r"registry.toml: \[toy\]: license"):
        load("toy")


def source_of(tmp_path: Path, data: bytes) -> Source:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    return Source(Card("x", archive="x.zip"), path)


@pytest.mark.parametrize(
    "name", ["../ratings.csv", "/etc/ratings.csv", "a/../../ratings.csv", "C:\\ratings.csv"]
)
def test_a_path_that_leaves_the_archive_is_refused(tmp_path, name):
    with pytest.raises(DatasetError, match="leads out of the archive"):
        source_of(tmp_path, zipped({name: b"x"})).read("ratings.csv")


def test_a_backslash_path_that_leaves_the_archive_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="leads out of the archive"):
        source_of(tmp_path, zipped({"a\\..\\..\\ratings.csv": b"x"})).read("ratings.csv")


def test_a_link_in_an_archive_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("ratings.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match="is a link"):
        source_of(tmp_path, buffer.getvalue()).read("ratings.csv")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(DatasetError, match="250 times"):
        source_of(tmp_path, zipped({"ratings.csv": b"0" * 4_000_000})).read("ratings.csv")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("groupbench.data.loading._archive.MAX_BYTES", 10)
    with pytest.raises(DatasetError, match="more than 10 bytes"):
        source_of(tmp_path, ARCHIVE).read("ratings.csv")


@pytest.mark.parametrize("cut", [0, 10, len(ARCHIVE) // 2, len(ARCHIVE) - 5])
def test_a_truncated_archive_is_an_error(tmp_path, cut):
    with pytest.raises(DatasetError, match="no readable zip archive"):
        source_of(tmp_path, ARCHIVE[:cut]).read("ratings.csv")


def test_a_damaged_file_in_an_archive_is_an_error(tmp_path):
    at = ARCHIVE.index(b"ratings.csv") + len(b"ratings.csv") + 5
    damaged = ARCHIVE[:at] + b"\xff\xff" + ARCHIVE[at + 2 :]
    source = source_of(tmp_path, damaged)
    with pytest.raises(DatasetError, match="no readable zip archive"):
        source.read("ratings.csv")
    source = Source(replace(source.card, files={"ratings.csv": ""}), source.path)
    with pytest.raises(DatasetError):
        source.table("ratings.csv")


@pytest.mark.parametrize(
    ("central", "local", "value"),
    [(8, 6, b"\x01\x00"), (24, 22, b"\x05\x00\x00\x00")],
    ids=["locked", "lies"],
)
def test_a_locked_file_or_a_false_size_is_an_error(tmp_path, central, local, value):
    data = bytearray(zipped({"ratings.csv": b"user,item,rating\n" * 9}))
    for mark, at in ((b"PK\x01\x02", central), (b"PK\x03\x04", local)):
        start = data.index(mark) + at
        data[start : start + len(value)] = value
    with pytest.raises(DatasetError, match="no readable zip archive"):
        source_of(tmp_path, bytes(data)).read("ratings.csv")


def test_a_file_that_the_archive_lacks_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"users.csv: there is no such file"):
        source_of(tmp_path, ARCHIVE).read("users.csv")
