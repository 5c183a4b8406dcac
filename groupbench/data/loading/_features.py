"""Columns of text and numbers as features."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from groupbench.data.dataset import Features
from groupbench.data.loading._ids import sorted_ids

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import FloatArray


def one_hot(field: str, values: pd.Series[str]) -> Features:
    """One 0/1 column `field=value` per distinct non-empty value, (len(values), n_values)."""
    text = values.to_numpy(dtype=object)
    levels = sorted_ids(set(text) - {""})
    hot = (text[:, None] == np.array(levels, dtype=object)[None, :]).astype(np.float64)
    return Features(tuple(f"{field}={level}" for level in levels), hot)


def multi_hot(field: str, values: pd.Series[str], separator: str = "|") -> Features:
    """One 0/1 column `field=value` per distinct value in lists joined by `separator`."""
    import pandas as pd

    parts = values.reset_index(drop=True).str.split(separator, regex=False).explode().str.strip()
    parts = parts[parts != ""]
    levels = sorted_ids(parts)
    hot = np.zeros((len(values), len(levels)))
    hot[parts.index, pd.Index(levels).get_indexer(pd.Index(parts))] = 1.0
    return Features(tuple(f"{field}={level}" for level in levels), hot)


def standardized(field: str, values: FloatArray) -> Features:
    """`values`, (n,), less their mean and over their deviation; NaN becomes the mean, 0."""
    known = values[~np.isnan(values)]
    spread = known.std() or 1.0
    column = np.nan_to_num((values - known.mean()) / spread)
    return Features((field,), column[:, None])


def tfidf(*texts: Iterable[str], limit: int = 200, field: str = "text") -> Features | None:
    """TF-IDF (scikit-learn's, L2 per row) of the `limit` most frequent words, or None if there are none.

    Of equally frequent words the first in the alphabet stay.

    Args:
        texts: columns of text that are joined row by row.
        limit: the most words to keep; English stop words, numbers and words of a single row are not kept.
        field: what column names start with, as in `text:word`.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    counter = CountVectorizer(stop_words="english", min_df=2, token_pattern=r"(?u)\b[^\W\d_]{2,}\b")
    try:
        counts = counter.fit_transform([" ".join(row) for row in zip(*texts, strict=True)])
    except ValueError:
        return None
    # NumPy's sort orders equal frequencies, and its logarithm has last digits, by the processor: with what
    # scikit-learn chooses and weighs, the same data would have another hash elsewhere.
    frequency = np.bincount(counts.indices, counts.data, counts.shape[1])
    chosen = np.sort(np.argsort(-frequency, kind="stable")[:limit])
    counts = counts[:, chosen]
    weigh = TfidfTransformer().fit(counts)
    rows = np.bincount(counts.indices, minlength=len(chosen)).tolist()
    weigh.idf_ = np.array([math.log((1 + counts.shape[0]) / (1 + n)) + 1 for n in rows])
    names = counter.get_feature_names_out()[chosen]
    return Features(tuple(f"{field}:{word}" for word in names), weigh.transform(counts).toarray())


def side_by_side(*parts: Features | None) -> Features | None:
    """The columns of all `parts` that are there, in order; None if there are none."""
    given = [part for part in parts if part is not None and part.names]
    if not given:
        return None
    names = tuple(name for part in given for name in part.names)
    return Features(names, np.hstack([part.values for part in given]))
