"""Messages arrive whole; what is none is told at once, and nobody waits for what does not come."""

from __future__ import annotations

import os
import socket
import tempfile

import pytest

from groupbench.runner.channel import MAX_BYTES, Channel, ChannelError


@pytest.fixture
def ends():
    """A channel, and the bare socket at its other end."""
    one, other = socket.socketpair()
    channel = Channel(one.detach())
    yield channel, other
    channel.close()
    other.close()


@pytest.fixture
def pair():
    one, other = socket.socketpair()
    channels = Channel(one.detach()), Channel(other.detach())
    yield channels
    for channel in channels:
        channel.close()


def test_messages_arrive_in_order_with_the_files_beside_them(pair):
    here, there = pair
    assert there.poll() is None
    with tempfile.TemporaryFile() as file:
        file.write(b"data")
        file.flush()
        here.send(b"first", file)
    here.send(b"x" * 100_000)
    message, descriptor = there.wait()
    assert message == b"first"
    assert os.pread(descriptor, 10, 0) == b"data"
    os.close(descriptor)
    assert there.wait() == (b"x" * 100_000, None)
    there.send(b"")
    assert here.poll() == b""
    assert here.poll() is None
    here.close()
    with pytest.raises(EOFError):
        there.poll()
    with pytest.raises(EOFError):
        there.wait()


@pytest.mark.parametrize(
    ("stray", "said"),
    [
        (bytes(64), "something else than a message"),
        (b"\x7f\xff\xff\xff" + bytes(60), "something else than a message"),
        (b"GBframe\r", "something else than a message"),
        (b"GBframe\n" + (MAX_BYTES + 1).to_bytes(8, "little"), "more than"),
        (b"GBframe\n" + b"\xff" * 8, "more than"),
    ],
)
def test_stray_bytes_are_no_message(ends, stray, said):
    channel, other = ends
    other.sendall(stray)
    with pytest.raises(ChannelError, match=said):
        channel.poll()


@pytest.mark.parametrize("part", [b"G", b"GBframe\n", b"GBframe\n" + (64).to_bytes(8, "little") + bytes(63)])
def test_a_part_of_a_message_is_not_waited_for(ends, part):
    channel, other = ends
    other.sendall(part)
    assert channel.poll() is None
    assert not channel.is_clean


def test_a_reader_that_takes_nothing_is_not_waited_for(ends, monkeypatch):
    monkeypatch.setattr("groupbench.runner.channel.SECONDS", 0.1)
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send(bytes(MAX_BYTES))
