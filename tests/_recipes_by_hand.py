"""What recipes are to find, written down as plainly as can be, in pure Python."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations


def components(people, ties):
    """The connected components, of two at least, of undirected ties among people."""
    left, found = set(people), set()
    while left:
        group, waiting = set(), [left.pop()]
        while waiting:
            one = waiting.pop()
            group.add(one)
            more = {other for other in left if frozenset((one, other)) in ties}
            left -= more
            waiting += more
        if len(group) > 1:
            found.add(frozenset(group))
    return found


def windows(log, seconds):
    """The rows of each window at one venue that is no part of another one: sets of row numbers, by venue."""
    found = []
    for venue in {venue for _, venue, _ in log}:
        rows = [n for n, row in enumerate(log) if row[1] == venue]
        own = {frozenset(m for m in rows if 0 <= log[m][2] - log[n][2] <= seconds) for n in rows}
        found += [(venue, one) for one in own if not any(one < other for other in own)]
    return found


def meetings(log, ties, seconds):
    """Pairs of members and venue; those of a window that are part of an overlapping one's are left out."""
    rows = [(u, v, t) for u, v, t in log if any(u in tie for tie in ties)]
    found = [
        (venue, window, group)
        for venue, window in windows(rows, seconds)
        for group in components({rows[n][0] for n in window}, ties)
    ]
    return {
        (group, venue)
        for venue, window, group in found
        if not any(where == venue and window & other and group < larger for where, other, larger in found)
    }


def companions(log, seconds, least, most):
    """Pairs who met at least that often at venues with at most that many visitors."""
    visitors = defaultdict(set)
    for user, venue, _ in log:
        visitors[venue].add(user)
    times = defaultdict(set)
    for (one, venue, t), (other, where, s) in combinations(sorted(set(log)), 2):
        if one != other and venue == where and abs(t - s) <= seconds and len(visitors[venue]) <= most:
            times[frozenset((one, other))].add(max(t, s))
    met = {pair: sum(not any(0 < t - s <= seconds for s in own) for t in own) for pair, own in times.items()}
    return {pair for pair, count in met.items() if count >= least}
