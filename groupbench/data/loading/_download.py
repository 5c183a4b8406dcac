"""Getting an archive or single files from their address or a mirror into the user's cache."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from groupbench.core.errors import DatasetError
from groupbench.core.text import drawing_on
from groupbench.data.loading._archive import MAX_BYTES, Archive
from groupbench.data.loading._card import Card
from groupbench.data.loading._source import cache_folder, remedy

SECONDS = 20
"""How long a server may stay silent."""

LEAST = 10_000
"""Bytes that must come in twice as many seconds."""

LONGEST = 2 * 3600.0
"""Seconds that a file may take."""


def download(card: Card, allow_unverified: bool = False) -> Path:
    """Fetch the archive or the files of a data set, and return the archive or the folder of the files.

    A file appears in the cache only when it is whole and its sha256 right; what is there already stays.
    What no checksum covers must come from the host that was named, and nothing may exceed `MAX_BYTES`.

    Raises:
        DatasetError: if there is no address, no checksum (unless allowed), or no address gives a file.
    """
    if not card.addresses:
        raise DatasetError(f"{card.name}: its files were not found, and no address is known; {remedy(card)}")
    unverified = [file for file, sha256 in card.downloads.items() if not sha256]
    if unverified and not allow_unverified:
        raise DatasetError(
            f"{card.name}: no checksum of {', '.join(unverified)} is known, so no download can be verified; "
            f"to trust the server, use 'groupbench data fetch {card.name} --allow-unverified', "
            f"or {remedy(card)}"
        )
    for file in card.downloads:
        _retrieve_any(card, file)
    return cache_folder() / card.name / card.archive


def _retrieve_any(card: Card, file: str) -> None:
    """Try the addresses in order until one gives the file."""
    failures = []
    for address in card.addresses:
        url = address if card.archive else address + file
        try:
            return _retrieve(card, file, url)
        except (OSError, ValueError) as error:
            failures.append(f"{url}: {' '.join(str(error).split()) or type(error).__name__}")
    raise DatasetError(f"{card.name}: could not be fetched; {remedy(card)}\n  " + "\n  ".join(failures))


def _retrieve(card: Card, file: str, url: str) -> None:
    import pooch

    sha256 = card.downloads[file]
    pooch.retrieve(
        url,
        known_hash=f"sha256:{sha256}" if sha256 else None,
        fname=file,
        path=cache_folder() / card.name,
        downloader=partial(_write, anywhere=bool(sha256)),
    )
    if not sha256:
        _require_usable(card, cache_folder() / card.name / file)


def _require_usable(card: Card, file: Path) -> None:
    """Remove what cannot be used, with a `ValueError`: no checksum says so, and it would count as fetched."""
    try:
        if not file.stat().st_size:
            raise ValueError("it sends an empty file")
        if card.archive:
            archive = Archive(file)
            missing = [name for name in card.files if name not in archive]
            archive.close()
            if missing:
                raise ValueError(f"its archive lacks {', '.join(missing)}")
    except (DatasetError, ValueError) as error:
        file.unlink()
        raise ValueError(str(error).removeprefix(f"{file}: ")) from error


def _write(url: str, file: str, _: object, *, anywhere: bool) -> None:
    """Write what an address gives; only where a checksum covers it may another host give it."""
    import pooch
    from tqdm import tqdm

    on_terminal = sys.stderr.isatty()
    fetch = pooch.HTTPDownloader(
        progressbar=tqdm(ncols=79, unit="B", unit_scale=True, file=drawing_on(sys.stderr))
        if on_terminal
        else False,
        timeout=SECONDS,
        hooks={} if anywhere else {"response": _refuse_another_host(url)},
    )
    with open(file, "wb") as target:
        _in_time(partial(fetch, url, limited := _Limited(target), None), limited)


def _in_time(fetch: Callable[[], object], target: _Limited) -> None:
    """Fetch, as long as it comes along: a server that drips would never be silent for `SECONDS`.

    Raises:
        TimeoutError: if less than `LEAST` bytes came in a while, or all takes longer than `LONGEST`.
    """
    failures: list[BaseException] = []

    def work() -> None:
        try:
            fetch()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    end = time.monotonic() + LONGEST
    before = 0
    while thread.is_alive():
        thread.join(min(2 * SECONDS, max(end - time.monotonic(), 0.0)))
        if thread.is_alive() and (target.size - before < LEAST or time.monotonic() >= end):
            raise TimeoutError(f"it sends too slowly: {target.size} bytes so far")
        before = target.size
    if failures:
        raise failures[0]


def _refuse_another_host(url: str) -> Callable[..., None]:
    def check(response: Any, **_: object) -> None:
        host = urlsplit(response.url).hostname
        if host != urlsplit(url).hostname:
            raise ValueError(f"it leads to another host, {host}, and no checksum says that this is right")

    return check


class _Limited:
    """A file that takes `MAX_BYTES` and no more, and counts them in `size`."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.size = 0
        self.flush = target.flush

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > MAX_BYTES:
            raise ValueError(f"it sends more than {MAX_BYTES} bytes")
        self._target.write(data)
