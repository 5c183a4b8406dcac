"""What is not Ray is told from it in a bounded time, before Ray itself is asked."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from groupbench.runner import ray


@pytest.fixture
def server():
    """Listens, and says something to whoever comes, or nothing; returns its address."""
    listening = []

    def start(answer: bytes | None) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)

        def serve():
            taken, _ = listener.accept()
            listening.append(taken)
            if answer is not None:
                taken.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for one in listening:
        one.close()


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (None, TimeoutError, "says nothing for 0.2 s"),
        (b"\0", TimeoutError, "says nothing for 0.2 s"),
        (b"HTTP/1.1 400 Bad Request\r\n", ConnectionError, "not Ray, it says b'HTTP/1.1 '"),
        (b"SSH-2.0-x\r\n", ConnectionError, "not Ray"),
    ],
)
def test_what_is_not_ray(server, monkeypatch, answer, error, said):
    monkeypatch.setattr(ray, "_CONNECT_TIMEOUT", 0.2)
    began = time.monotonic()
    with pytest.raises(error, match=said):
        ray._require_answer(server(answer))
    assert time.monotonic() - began < 5


def test_what_may_be_ray_is_asked_once_and_what_has_no_port_never(server, monkeypatch):
    asked, connect = [], socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda at, **how: asked.append(at) or connect(at, **how))
    settings = b"\0\0\x18\4\0\0\0\0\0" + bytes(24)  # As gRPC's servers say first.
    addresses = server(settings), server(settings)
    for address in (addresses[0], f"ray://{addresses[1]}", "auto", ""):
        ray._require_answer(address)
    assert [f"{host}:{port}" for host, port in asked] == list(addresses)
