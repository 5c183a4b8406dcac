"""Loops over ranked lists that compute metrics; imports Numba, so import it late.

They give the sums of `Ranking`, with the same additions in the same order. A list is told by its blocks of
equal scores: `sizes` and `inside`, (depth,), hold the candidates of the block that begins at a position, and
the relevant ones among them; where none are relevant, or no block begins, 0 may stand.
"""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import Array, FloatArray, IntArray
from groupbench.core.kernels import inlined, kernel

_STEP = 32
"""Keys that are compared at once: rows are filled up to a multiple with -inf."""
_CHUNKS_PER_POSITION = 4
_FEW = 1 << 15
"""Comparisons of relevant candidates with all others, up to which nothing is selected first."""


@inlined
def put_untied(inside: IntArray, cutoffs: IntArray, discounts: FloatArray, sums: FloatArray, i: int) -> None:
    """What `put_sums` puts where no two candidates are equal, without a branch that depends on the hits."""
    hits, lead, gain, precision, start = 0, cutoffs[-1], 0.0, 0.0, 0
    for c in range(len(cutoffs)):
        for p in range(start, cutoffs[c]):
            hits += inside[p]
            lead = min(lead, p if inside[p] else lead)
            gain += inside[p] * discounts[p]
            precision += inside[p] * (hits / (p + 1))
        start = cutoffs[c]
        found = lead < start
        sums[0, c, i], sums[1, c, i], sums[2, c, i] = hits, gain, not found
        sums[3, c, i], sums[4, c, i], sums[5, c, i] = found / (lead + 1), precision, 0.0


@inlined
def put_sums(
    sizes: IntArray,
    inside: IntArray,
    rule: int,
    cutoffs: IntArray,
    discounts: FloatArray,
    sums: FloatArray,
    i: int,
) -> bool:
    """The cumulative sums of `Ranking` for list `i` at the cutoffs; whether a tie matters.

    The rule is 0 for what is expected of equal scores, 1 for the best, 2 for the worst.
    """
    hits, gain, miss, first, precision, ties, before = 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0
    c, end, start, size, relevant, undecided = 0, 0, 0, 1, 0, False
    for p in range(cutoffs[-1]):
        if p >= end:
            before += relevant
            start, size, relevant = p, max(sizes[p], 1), inside[p]
            end = p + size
            undecided |= 0 < relevant < size
        if relevant > 0:
            rank, offset, last = p + 1, p - start, miss
            if rule == 0 and size > 1:
                relevance = relevant / size
                stays = 1.0 - relevant / (size - offset)
                miss = miss * (stays if stays > 0.0 else 0.0)
                peers = offset * (relevant - 1.0) / (size - 1.0)
                precision += relevance * ((before + 1.0 + peers) / rank)
            else:
                ahead = 0 if rule < 2 else size - relevant
                relevance = 1.0 if ahead <= offset < ahead + relevant else 0.0
                miss = 0.0 if relevance > 0.0 else miss
                # Shares of equal candidates need not add up to a whole number.
                precision += relevance * (((before if rule == 0 else hits) + 1.0) / rank)
            hits += relevance
            gain += relevance * discounts[p]
            first += (last - miss) / rank
            ties += relevant < size
        while c < len(cutoffs) and cutoffs[c] == p + 1:
            sums[0, c, i], sums[1, c, i], sums[2, c, i] = hits, gain, miss
            sums[3, c, i], sums[4, c, i], sums[5, c, i] = first, precision, ties
            c += 1
    return undecided


@inlined
def find_blocks(keys: FloatArray, row: int, liked: Array, i: int, sizes: IntArray, inside: IntArray) -> None:
    """Set `sizes` and `inside`, (depth,), where the blocks of a list begin, by its ordered keys."""
    n, start, end = keys.shape[1], 0, 0
    while end < n and end < len(sizes):
        start, inside[start] = end, 0
        while end < n and keys[row, end] == keys[row, start]:
            inside[start] += liked[i, end] & (keys[row, end] < np.inf)
            end += 1
        sizes[start] = end - start


@inlined
def read(
    scores: FloatArray, liked: Array, valid: Array, ranked: Array, i: int, keys: FloatArray
) -> tuple[int, int, int]:
    """The keys of list `i`; how many candidates are ranked, how many are relevant, and how many broken."""
    n_candidates, n_relevant, broken = 0, 0, 0
    for c in range(scores.shape[1]):
        score = scores[i, c]
        broken += valid[i, c] & (not abs(score) < np.inf)
        n_candidates += ranked[i, c]
        n_relevant += liked[i, c] & valid[i, c]
        keys[c] = score if ranked[i, c] else -np.inf
    return n_candidates, n_relevant, broken


@inlined
def keep(keys: FloatArray, n: int, k: int, best: FloatArray) -> int:
    """The `k` highest of `n` keys, descending, or all where they are fewer; how many there are."""
    found = 0
    for j in range(n):
        key = keys[j]
        if key > -np.inf and (found < k or key > best[k - 1]):
            place = min(found, k - 1)
            while place > 0 and best[place - 1] < key:
                best[place] = best[place - 1]
                place -= 1
            best[place] = key
            found = min(found + 1, k)
    return found


@inlined
def bound_of(keys: FloatArray, n_chunks: int, k: int, chunks: FloatArray, best: FloatArray) -> float:
    """What the `k`-th highest key of a list is at least: that of the highest of so many strided chunks."""
    for c in range(n_chunks):
        chunks[c] = keys[c]
    for start in range(n_chunks, len(keys) - n_chunks + 1, n_chunks):
        for c in range(n_chunks):
            key = keys[start + c]
            chunks[c] = key if key > chunks[c] else chunks[c]
    found = keep(chunks, n_chunks, k, best)
    return float(best[k - 1]) if found == k else -np.inf


@inlined
def shortlist(keys: FloatArray, bound: float, short: FloatArray, columns: IntArray) -> int:
    """The keys of at least `bound` and their columns; how many. Steps without any are passed over."""
    n = 0
    for start in range(0, len(keys), _STEP):
        some = 0
        for j in range(_STEP):
            some += keys[start + j] >= bound
        if some:
            for c in range(start, start + _STEP):
                short[n], columns[n] = keys[c], c
                n += keys[c] >= bound
    return n


@inlined
def count(keys: FloatArray, n: int, key: float) -> tuple[int, int]:
    """How many of `n` keys are higher than `key`, and how many equal it."""
    ahead, same = 0, 0
    for j in range(n):
        ahead += keys[j] > key
        same += keys[j] == key
    return ahead, same


@inlined
def place(
    short: FloatArray,
    columns: IntArray,
    n: int,
    liked: Array,
    ranked: Array,
    i: int,
    best: FloatArray,
    sizes: IntArray,
    inside: IntArray,
) -> bool:
    """Find the blocks of the relevant ones among `n` keys that hold all that lead; whether some are equal."""
    found, tied, last_size = keep(short, n, len(best), best), False, 0
    last = best[-1] if found == len(best) else -np.inf
    for j in range(n):
        last_size += short[j] == last
    for j in range(n):
        c = columns[j]
        if short[j] >= last and c < liked.shape[1] and liked[i, c] and ranked[i, c]:
            ahead, same = count(best, found, short[j])
            sizes[ahead] = last_size if short[j] == last else same
            tied |= sizes[ahead] > 1
            inside[ahead] += 1
    return tied


@kernel(
    "b1(const f8[:,::1], const b1[:,::1], const b1[:,::1], const b1[:,::1], i8, const i8[::1], const f8[::1],"
    " f8[:,:,::1], i8[:,::1], i8, i8)"
)
def of_scores(
    scores: FloatArray,
    liked: Array,
    valid: Array,
    ranked: Array,
    rule: int,
    cutoffs: IntArray,
    discounts: FloatArray,
    sums: FloatArray,
    sizes_of: IntArray,
    first: int,
    stop: int,
) -> bool:
    """The sums of the lists `first` to `stop`; False as soon as a valid score is not finite.

    Args:
        scores: (n_lists, width) higher is better.
        liked: (n_lists, width) what is relevant.
        valid: (n_lists, width) what is a candidate.
        ranked: (n_lists, width) which candidates are recommended.
        rule: as of `put_sums`.
        cutoffs: (n_cutoffs,) ascending.
        discounts: (depth,).
        sums: (6, n_cutoffs, n_lists) to become the sums.
        sizes_of: (2, n_lists) to become the numbers of recommended, and of relevant candidates.
        first: list to begin with.
        stop: list to end before.
    """
    width, depth = scores.shape[1], cutoffs[-1]
    filled = -(-width // _STEP) * _STEP
    n_chunks = -(-_CHUNKS_PER_POSITION * depth // _STEP) * _STEP
    keys, short, columns = np.full(filled, -np.inf), np.empty(filled + 1), np.empty(filled + 1, np.int64)
    chunks, best = np.empty(n_chunks), np.empty(depth)
    sizes, inside = np.zeros(depth, np.int64), np.zeros(depth, np.int64)
    for i in range(first, stop):
        n_candidates, n_relevant, bad = read(scores, liked, valid, ranked, i, keys)
        if bad:
            return False
        sizes_of[0, i], sizes_of[1, i], n, tied = n_candidates, n_relevant, 0, False
        for p in range(depth):
            sizes[p] = inside[p] = 0
        if n_relevant * filled < _FEW:
            for c in range(width):
                columns[n] = c
                n += liked[i, c] & ranked[i, c]
            for j in range(n):
                ahead, same = count(keys, filled, keys[columns[j]])
                tied |= same > 1
                if ahead < depth:
                    sizes[ahead] = same
                    inside[ahead] += 1
        else:
            bound = bound_of(keys, n_chunks, depth, chunks, best) if width >= 3 * n_chunks else -np.inf
            n = shortlist(keys, bound, short, columns)
            tied = place(short, columns, n, liked, ranked, i, best, sizes, inside)
        if tied:
            put_sums(sizes, inside, rule, cutoffs, discounts, sums, i)
        else:
            put_untied(inside, cutoffs, discounts, sums, i)
    return True


@kernel("b1(const f8[:,::1], const b1[:,::1], i8, const i8[::1], const f8[::1], f8[:,:,::1], i8, i8)")
def of_ranked(
    keys: FloatArray,
    liked: Array,
    rule: int,
    cutoffs: IntArray,
    discounts: FloatArray,
    sums: FloatArray,
    first: int,
    stop: int,
) -> bool:
    """The same sums for the lists `first` to `stop`, whose candidates stand in order; whether a tie matters.

    Args:
        keys: (n_lists, n) as `top_candidates` gives them, or (1, n) where they are the same for all lists.
        liked: (n_lists, n) which of the candidates are relevant; ignored where the key is +inf.
        rule: as of `put_sums`.
        cutoffs: (n_cutoffs,) ascending.
        discounts: (depth,).
        sums: (6, n_cutoffs, n_lists) to become the sums.
        first: list to begin with.
        stop: list to end before.
    """
    n, depth, undecided = keys.shape[1], cutoffs[-1], False
    sizes, inside = np.zeros(depth, np.int64), np.zeros(depth, np.int64)
    for i in range(first, stop):
        row = i if len(keys) > 1 else 0
        tied = False
        for p in range(min(n, depth)):
            inside[p] = liked[i, p] & (keys[row, p] < np.inf)
            tied |= p + 1 < n and keys[row, p] == keys[row, p + 1] and keys[row, p] < np.inf
        if not tied:
            put_untied(inside, cutoffs, discounts, sums, i)
            continue
        find_blocks(keys, row, liked, i, sizes, inside)
        undecided |= put_sums(sizes, inside, rule, cutoffs, discounts, sums, i)
    return undecided
