"""Texts of users and items as methods may know them: no text of a row that is held out is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Dataset, Ratings

Texts = tuple[str, ...] | None


def known_texts(dataset: Dataset, rows: Ratings) -> tuple[Texts, Texts]:
    """The texts of items and of users, each with what was written with `rows` of theirs behind it.

    Args:
        dataset: has what does not depend on ratings: titles, descriptions, self-descriptions.
        rows: the training rows. Texts of other rows are in neither result.

    Returns:
        (n_items,) and (n_users,) texts, '' where there is none; None where nobody has any.
    """
    return (
        _behind(dataset.item_texts, rows.items, rows.n_items, rows.texts),
        _behind(dataset.user_texts, rows.users, rows.n_users, rows.texts),
    )


def joined(*columns: Iterable[str]) -> Texts:
    """Columns of text, (n,) each, as one, row by row with a blank between; None if no row has any."""
    texts = tuple(" ".join(filter(None, row)) for row in zip(*columns, strict=True))
    return texts if any(texts) else None


def _behind(texts: Texts, owners: IntArray, n: int, written: Texts) -> Texts:
    if written is None:
        return texts
    parts = [[text] for text in texts or [""] * n]
    for owner, text in zip(owners.tolist(), written, strict=True):
        parts[owner].append(text)
    return joined([" ".join(filter(None, part)) for part in parts])
