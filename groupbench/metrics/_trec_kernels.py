"""Loops over the bytes of TREC files; imports Numba, so import it late.

Ids get numbers in the order in which they are met first. They are kept in a pool, eight bytes a word, with a
line feed behind each, and compared word by word; hashes only say where to look.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_PART = 1 << 14
"""Bytes that are looked through at a time."""
_MOST_DIGITS = 19
"""Digits that an integer of 64 bits holds."""
_EXACT = 1 << 53
"""Up to here, and with powers of ten up to 22, one division or product rounds as reading the text does."""
_POWERS = tuple(10.0**power for power in range(23))
_SEED, _PRIME, _HALF = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


@inlined
def blanks(text: Array, start: int, stop: int, out: IntArray) -> int:
    """Where white space stands in a part of the text; how often. There is no branch to be mispredicted."""
    n = 0
    for i in range(start, stop):
        out[n] = i
        n += text[i] <= 32
    return n


@inlined
def word_of(words: Array, start: int, stop: int) -> Any:
    """Up to eight bytes of a text as a number; behind its end a line feed, then 0."""
    if stop - start >= 8:
        return words[start]
    bits = np.uint64(8 * (stop - start))
    return (words[start] & ((np.uint64(1) << bits) - np.uint64(1))) | (np.uint64(10) << bits)


@inlined
def same_text(words: Array, start: int, stop: int, pool: Array, begin: int) -> bool:
    """Whether a part of the text is what stands in a pool."""
    while start <= stop:
        if word_of(words, start, stop) != pool[begin]:
            return False
        start, begin = start + 8, begin + 1
    return True


@inlined
def hash_of(words: Array, start: int, stop: int) -> Any:
    """A number of 63 bits that says where to look for a text."""
    state = _SEED
    for i in range(start, stop + 1, 8):
        state = (state ^ word_of(words, i, stop)) * _PRIME
        state ^= state >> _HALF
    return np.int64(state >> np.uint64(1))


@inlined
def number(text: Array, start: int, stop: int) -> tuple[float, bool]:
    """A decimal number, and whether it is told exactly; if not, something else has to read the text."""
    at, negative = start, False
    if at < stop and (text[at] == 45 or text[at] == 43):
        negative = text[at] == 45
        at += 1
    digits, mantissa, scale, point, some = 0, 0, 0, False, False
    while at < stop:
        byte = text[at]
        if 48 <= byte <= 57:
            some = True
            if digits < _MOST_DIGITS - 1:
                mantissa = mantissa * 10 + (byte - 48)
                digits += mantissa > 0
                scale -= point
            else:
                return 0.0, False
        elif byte == 46 and not point:
            point = True
        else:
            break
        at += 1
    if at < stop and (text[at] == 101 or text[at] == 69):
        at += 1
        down, power, known = False, 0, False
        if at < stop and (text[at] == 45 or text[at] == 43):
            down = text[at] == 45
            at += 1
        while at < stop and 48 <= text[at] <= 57 and power < 1000:
            power, known = power * 10 + (text[at] - 48), True
            at += 1
        scale += -power if down else power
        some &= known
    if at < stop or not some or mantissa > _EXACT or not -22 <= scale <= 22:
        return 0.0, False
    value = mantissa / _POWERS[-scale] if scale < 0 else mantissa * _POWERS[scale]
    return (-value if negative else value), True


@inlined
def copy(words: Array, start: int, stop: int, pool: Array, end: int) -> int:
    """Put a part of the text at the end of a pool; where that ends then."""
    for i in range(start, stop + 1, 8):
        pool[end] = word_of(words, i, stop)
        end += 1
    return end


@inlined
def parse_part(
    text: Array,
    words: Array,
    begin: int,
    ends: IntArray,
    n: int,
    columns: IntArray,
    row: int,
    found: IntArray,
    table: Array,
    pool: Array,
    pool_ends: IntArray,
    codes: Array,
    values: FloatArray,
    odd: IntArray,
) -> tuple[int, int]:
    """Read the lines that end at `n` blanks at `ends`: the next row, and where it begins.

    The row is -1 less that of one with too few or many columns. See `parse` for the other arguments.
    """
    mask, at, column, line, first, stop = table.shape[1] - 1, begin, 0, begin, 0, 0
    for i in range(n):
        end = ends[i]
        if end > at:
            kind = 0 if column == columns[0] else 1 if column == columns[1] else 2
            if kind == 2:
                first, stop = (at, end) if column == columns[2] else (first, stop)
            # Most rows are of the query before.
            elif kind or found[3] < 0 or not same_text(words, at, end, pool[0], pool_ends[0, found[3]]):
                place, one = hash_of(words, at, end) & mask, -1
                while table[kind, place] > 0 and one < 0:
                    one = table[kind, place] - 1
                    if not same_text(words, at, end, pool[kind], pool_ends[kind, one]):
                        place, one = (place + 1) & mask, -1
                if one < 0:
                    one = found[kind]
                    found[kind] += 1
                    table[kind, place] = one + 1
                    pool_ends[kind, one + 1] = copy(words, at, end, pool[kind], pool_ends[kind, one])
                found[3 + kind] = one
            codes[min(kind, 1), row] = found[3 + kind] if kind < 2 else codes[1, row]
            column += 1
        at = end + 1
        if end < len(text) and text[end] != 10:
            continue
        if column > 0 and not columns[3] <= column <= columns[4]:
            return -1 - row, at
        if column > 0:
            values[row], exact = number(text, first, stop)
            odd[0, found[2]], odd[1, found[2]], odd[2, found[2]] = row, first, stop
            found[2] += not exact
            row += 1
        column, line = 0, at
    return row, line


@kernel(
    "i8(const u1[::1], Array(u8, 1, 'A', readonly=True, aligned=False), const i8[::1], i8, i8[::1],"
    " i4[:,::1], u8[:,::1], i8[:,::1], i4[:,::1], f8[::1], i8[:,::1])"
)
def parse(
    text: Array,
    words: Array,
    columns: IntArray,
    row: int,
    found: IntArray,
    table: Array,
    pool: Array,
    pool_ends: IntArray,
    codes: Array,
    values: FloatArray,
    odd: IntArray,
) -> int:
    """Read the rows of a file; the next row behind them, or -1 less that of one with too few or many columns.

    Args:
        text: the bytes of the file.
        words: the eight bytes that begin at each of them, as a number, the lowest byte first.
        columns: (5,) which columns are query, document and value; the least and the most of a row.
        row: the row to begin with.
        found: (5,) numbers of queries, documents and odd values so far; the last query, or -1, and document.
        table: (2, a power of two) of the number of an id and 1, or 0, for queries and for documents.
        pool: (2, any) the ids.
        pool_ends: (2, any) where each of them ends, from 1 on.
        codes: (2, any) to become the query and the document of each row.
        values: (any,) to become its value.
        odd: (3, any) to become the rows whose value something else has to read, and where its text stands.
    """
    begin, size, part = 0, len(text), _PART
    ends = np.empty(part + 1, np.int64)
    while begin < size and row >= 0:
        stop = min(begin + part, size)
        n = blanks(text, begin, stop, ends)
        if stop == size and text[size - 1] != 10:
            ends[n] = size
            n += 1
        given = columns, row, found, table, pool, pool_ends, codes, values, odd
        row, line = parse_part(text, words, begin, ends, n, *given)
        if line == begin:  # a line that is longer than a part
            part *= 2
            ends = np.empty(part + 1, np.int64)
        begin = line
    return row


@kernel(
    "i8(const i4[::1], const i8[::1], const f8[::1], const i4[::1], const i8[::1], i4[:,::1], b1[::1],"
    " i8[::1])"
)
def judge(
    judged: Array,
    judged_ends: IntArray,
    grades: FloatArray,
    ranked: Array,
    ranked_ends: IntArray,
    met: Array,
    hits: Array,
    n_relevant: IntArray,
) -> int:
    """Which ranked documents are relevant; -1, or the first row with a document that its query has already.

    Args:
        judged: (n_judged,) numbers of documents, query after query.
        judged_ends: (n_queries,) where the rows of each query end.
        grades: (n_judged,) relevant above 0.
        ranked: (n_ranked,) numbers of documents, query after query.
        ranked_ends: (n_queries,) the same.
        met: (2, n_documents) of -1, to become the last query that judges or ranks each document.
        hits: (n_ranked,) to become whether they are relevant.
        n_relevant: (n_queries,) to become the numbers of relevant documents.
    """
    at, row = 0, 0
    for query in range(len(n_relevant)):
        n_relevant[query] = 0
        while at < judged_ends[query]:
            if grades[at] > 0 and met[0, judged[at]] != query:
                met[0, judged[at]] = query
                n_relevant[query] += 1
            at += 1
        while row < ranked_ends[query]:
            document = ranked[row]
            if met[1, document] == query:
                return row
            met[1, document] = query
            hits[row] = met[0, document] == query
            row += 1
    return -1
