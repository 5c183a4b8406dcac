"""What the tests under fire share: bytes that went wrong, and the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests._calls import alone

PROGRAM = Path(sys.executable).with_name("groupbench")


@pytest.fixture(scope="session")
def launch() -> Callable[..., subprocess.Popen]:
    """Starts `groupbench` in a folder, as the leader of a session of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GROUPBENCH_", "COLUMNS"))}

    def start(folder: Path, *arguments: object, **options) -> subprocess.Popen:
        return subprocess.Popen(
            [PROGRAM, *alone(arguments)],
            cwd=folder,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    return start


@pytest.fixture(scope="session")
def call(launch) -> Callable[..., subprocess.CompletedProcess]:
    """Runs `groupbench` in a folder to its end."""

    def to_its_end(folder: Path, *arguments: object, **options) -> subprocess.CompletedProcess:
        with launch(folder, *arguments, **options) as process:
            out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return to_its_end


@pytest.fixture(scope="session")
def mutated() -> Callable[[bytes], st.SearchStrategy[bytes]]:
    """Strategies for what becomes of bytes: pieces cut out, repeated or replaced, cut off, or all junk."""
    alphabet = '\0\n\r\t",|:;=[]{}#-+.eE019 aé\u2028\ufeff'
    piece = st.one_of(
        st.binary(max_size=8),
        st.text(alphabet, max_size=8).map(str.encode),
        st.sampled_from(
            [b"nan", b"inf", b"1e400", b"-1", b"null", b"9" * 40, b"[" * 5000, b"\xff\xfe", b'"']
        ),
    )

    def of(whole: bytes) -> st.SearchStrategy[bytes]:
        places = st.integers(0, len(whole))
        change = st.tuples(places, st.integers(0, 30), piece)

        def changed(changes: list[tuple[int, int, bytes]]) -> bytes:
            data = whole
            for start, length, new in changes:
                data = data[:start] + new + data[start + length :]
            return data

        return st.one_of(
            st.lists(change, min_size=1, max_size=4).map(changed),
            places.map(lambda end: whole[:end]),
            st.binary(max_size=200),
        )

    return of
