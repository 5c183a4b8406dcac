"""Messages between a run and its workers: framed, of bounded length, and never waited for by the run.

A method has the socket's descriptor in its process, and can write to it what it likes: what does not begin
as a frame, or announces more than `MAX_BYTES`, is a `ChannelError` at once; half a frame is no message yet.
"""

from __future__ import annotations

import array
import socket
import struct
from contextlib import suppress
from typing import Protocol

_HEADER = struct.Struct("<8sQ")
_MAGIC = b"GBframe\n"

MAX_BYTES = 2**26
"""Bytes of one message at most; data sets travel as open files beside it."""

SECONDS = 60.0
"""How long the other side may take to make room for a message."""


class Descriptor(Protocol):
    """A file or a socket that is open."""

    def fileno(self) -> int:
        """Its descriptor."""


class ChannelError(OSError):
    """What came is no message."""


class Channel:
    """One end of a socket, with messages of bytes; a message can have an open file beside it.

    Args:
        descriptor: of the socket, which the channel owns from now on.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._received = bytearray()
        self._files: list[int] = []

    def fileno(self) -> int:
        """The descriptor, to be waited for."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def send(self, message: bytes, file: Descriptor | None = None) -> None:
        """Send a message, with a file if there is one.

        Raises:
            OSError: if the other side is gone, or takes nothing for `SECONDS`.
        """
        self._socket.settimeout(SECONDS)
        data = _HEADER.pack(_MAGIC, len(message)) + message
        if file is not None:
            right = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))
            data = data[self._socket.sendmsg([data], [right]) :]
        self._socket.sendall(data)

    def wait(self) -> tuple[bytes, int | None]:
        """The next message, and the descriptor of the file beside it; waits for it.

        Raises:
            EOFError: if the other side is gone.
            OSError: if it cannot be had.
        """
        while (message := self._next()) is None:
            self._socket.settimeout(None)
            data, rights, _, _ = self._socket.recvmsg(2**16, socket.CMSG_SPACE(4 * array.array("i").itemsize))
            for _, _, content in rights:
                self._files += array.array("i", content[: len(content) // 4 * 4])
            self._take(data)
        return message, self._files.pop() if self._files else None

    def poll(self) -> bytes | None:
        """The next message if it is here as a whole; never waits.

        Raises:
            EOFError: if the other side is gone.
            ChannelError: if it is no message.
        """
        self._socket.settimeout(0.0)
        with suppress(BlockingIOError):
            while (message := self._next()) is None:
                self._take(self._socket.recvmsg(2**16)[0])
            return message
        return None

    @property
    def is_clean(self) -> bool:
        """Whether nothing lies behind the last message."""
        return not self._received

    def _take(self, data: bytes) -> None:
        if not data:
            raise EOFError
        self._received += data

    def _next(self) -> bytes | None:
        start = bytes(self._received[: len(_MAGIC)])
        if not _MAGIC.startswith(start):
            raise ChannelError(f"something else than a message came: {bytes(self._received[:20])!r}")
        if len(self._received) < _HEADER.size:
            return None
        _, length = _HEADER.unpack_from(self._received)
        if length > MAX_BYTES:
            raise ChannelError(f"a message of {length} bytes came, more than {MAX_BYTES}")
        end = _HEADER.size + length
        if len(self._received) < end:
            return None
        message = bytes(self._received[_HEADER.size : end])
        del self._received[:end]
        return message
