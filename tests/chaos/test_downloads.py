"""A server that lies, stops or points elsewhere: a typed error, nothing in the cache, nothing outside it."""

from __future__ import annotations

import hashlib
import io
import stat
import threading
import time
import zipfile
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from groupbench.core.errors import DatasetError
from groupbench.data.loading import Card, Source
from groupbench.data.loading._download import download

ROWS = b"user,item,rating\nu,a,1\nv,b,5\n"


class Server(BaseHTTPRequestHandler):
    """Answers by the path that is asked for."""

    def __init__(self, answers, *arguments):
        self.answers = answers
        super().__init__(*arguments)

    def do_GET(self):
        self.answers[self.path](self)

    def log_message(self, form, *args):
        """Say nothing."""


def sends(data: bytes, length: int | None = None, status: int = 200):
    """An answer with this body, and with a length that need not be true."""

    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def points_to(address: str):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", address)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture
def serve():
    """Starts a server with these answers and returns its address."""
    servers = []

    def start(host="127.0.0.1", **answers) -> str:
        by_path = {f"/{name}": answer for name, answer in answers.items()}
        servers.append(ThreadingHTTPServer((host, 0), partial(Server, by_path)))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://{host}:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def zipped(name: str | zipfile.ZipInfo = "toy/ratings.csv", data: bytes = ROWS) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def link() -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("toy/ratings.csv")
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


TOY = zipped()


def card(*addresses: str, data: bytes = TOY, known: bool = True) -> Card:
    sha256 = hashlib.sha256(data).hexdigest() if known else ""
    return Card("toy", archive="toy.zip", sha256=sha256, addresses=addresses, files={"ratings.csv": ""})


def files(folder: Path) -> set[str]:
    return {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize(
    "answer",
    [
        sends(zipped(data=b"another")),
        sends(TOY[:-30]),
        sends(TOY[:-30], length=len(TOY)),
        sends(b""),
        sends(b"<html>log in first</html>"),
        sends(b"gone", status=404),
        sends(b"broken", status=500),
        points_to("/toy"),
        points_to("file:///etc/hostname"),
        points_to("http://127.0.0.1:1/toy"),
    ],
    ids=[
        "wrong hash",
        "cut off",
        "cut off and said",
        "empty",
        "another page",
        "404",
        "500",
        "circle",
        "local file",
        "dead host",
    ],
)
def test_what_is_not_the_file_is_not_kept(cache, serve, answer):
    address = f"{serve(toy=answer)}/toy"
    with pytest.raises(DatasetError, match="could not be fetched") as caught:
        download(card(address))
    assert address in str(caught.value)
    assert files(cache) == set()


def test_a_mirror_makes_good_what_the_first_address_gets_wrong(cache, serve):
    address = serve(bad=sends(TOY[:-30], length=len(TOY)), good=sends(TOY))
    path = download(card(f"{address}/bad", f"{address}/good"))
    assert path.read_bytes() == TOY
    assert len(files(cache)) == 1


def test_another_host_may_give_only_what_a_checksum_covers(cache, serve):
    target = serve(host="localhost", toy=sends(TOY))
    address = f"{serve(toy=points_to(f'{target}/toy'))}/toy"
    with pytest.raises(DatasetError, match=r"another host, localhost"):
        download(card(address, known=False), allow_unverified=True)
    assert files(cache) == set()
    assert download(card(address)).read_bytes() == TOY


def test_the_same_host_may_point_to_another_of_its_addresses(cache, serve):
    address = serve(old=points_to("/new"), new=sends(TOY))
    assert download(card(f"{address}/old", known=False), allow_unverified=True).read_bytes() == TOY


def test_a_server_that_never_ends_is_left(cache, serve, monkeypatch):
    monkeypatch.setattr("groupbench.data.loading._download.MAX_BYTES", 10**6)

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            try:
                handler.wfile.write(b"x" * 65536)
            except OSError:
                return

    address = f"{serve(toy=answer)}/toy"
    with pytest.raises(DatasetError, match="sends more than 1000000 bytes"):
        download(card(address))
    assert files(cache) == set()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(data=b"\0" * 10**8), "times its packed size"),
        (zipped("../../ratings.csv"), "leads out of the archive"),
        (zipped("/tmp/ratings.csv"), "leads out of the archive"),
        (zipped(link(), b"/etc/hostname"), "is a link"),
    ],
    ids=["bomb", "upwards", "absolute", "link"],
)
def test_an_archive_with_a_right_checksum_is_not_trusted_either(cache, serve, data, said):
    known = card(f"{serve(toy=sends(data))}/toy", data=data)
    path = download(known)
    source = Source(known, path)
    with pytest.raises(DatasetError, match=said):
        source.read("ratings.csv")
    source.close()
    assert files(cache) == {str(path.relative_to(cache))}


def drips(handler):
    """Send a byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)


def drips_headers(handler):
    with suppress(OSError):
        while True:
            handler.wfile.write(b"HTTP/1.1 200"[:1])
            handler.wfile.flush()
            time.sleep(0.05)


@pytest.mark.parametrize("answer", [drips, drips_headers])
def test_a_server_that_drips_is_left(cache, serve, monkeypatch, answer):
    monkeypatch.setattr("groupbench.data.loading._download.SECONDS", 0.25)
    began = time.monotonic()
    with pytest.raises(DatasetError, match="too slowly: "):
        download(card(f"{serve(toy=answer)}/toy"))
    assert time.monotonic() - began < 5
    assert files(cache) == set()


@pytest.mark.parametrize("sent", [b"", b"<html>please log in</html>", zipped("toy/other.csv")])
def test_what_cannot_be_used_does_not_count_as_fetched_the_second_time(cache, serve, sent):
    known = card(f"{serve(toy=sends(sent))}/toy", known=False)
    for _ in range(2):
        with pytest.raises(DatasetError, match="could not be fetched"):
            download(known, allow_unverified=True)
        assert files(cache) == set()
