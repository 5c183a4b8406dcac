"""Getting an archive from its address or a mirror into the user's cache."""

from __future__ import annotations

import sys
from pathlib import Path

from groupbench.errors import DatasetError
from groupbench.loading._card import Card
from groupbench.loading._source import cache_folder, remedy

SECONDS = 20
"""How long a server may stay silent."""


def download(card: Card, allow_unverified: bool = False) -> Path:
    """Fetch the archive of a data set; it appears in the cache only when it is whole and its sha256 right.

    Raises:
        DatasetError: if there is no address, no checksum (unless allowed), or no address gives the file.
    """
    if not card.addresses:
        raise DatasetError(f"{card.name}: its files were not found, and no address is known; {remedy(card)}")
    if not card.sha256 and not allow_unverified:
        raise DatasetError(
            f"{card.name}: no checksum of {card.archive} is known, so no download can be verified; to trust "
            f"the server, use 'groupbench data fetch {card.name} --allow-unverified', or {remedy(card)}"
        )
    failures = []
    for address in card.addresses:
        try:
            return _retrieve(card, address)
        except (OSError, ValueError) as error:
            failures.append(f"{address}: {' '.join(str(error).split()) or type(error).__name__}")
    raise DatasetError(f"{card.name}: could not be fetched; {remedy(card)}\n  " + "\n  ".join(failures))


def _retrieve(card: Card, address: str) -> Path:
    import pooch

    return Path(
        pooch.retrieve(
            address,
            known_hash=f"sha256:{card.sha256}" if card.sha256 else None,
            fname=card.archive,
            path=cache_folder() / card.name,
            downloader=pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=SECONDS),
        )
    )
