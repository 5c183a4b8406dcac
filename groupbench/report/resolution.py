"""Which metrics, views, aggregators and methods of some records are meant by what somebody wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.names import matching
from groupbench.core.text import count
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import definition, explain, standard_name
from groupbench.report.long import REFERENCES, ResultKey
from groupbench.report.names import method_name, metric_name
from groupbench.results.selection import Selection
from groupbench.results.store import RunRecord

DEFAULT_FAMILIES = ("precision", "recall", "ndcg")
DEFAULT_K = 10
DEFAULT_METRICS = tuple(f"{family}@{DEFAULT_K}" for family in DEFAULT_FAMILIES)
DEFAULT_VIEWS = ("rated-group", "rated-user")
WITHOUT_AGGREGATOR = ("none", "own")

Names = str | Sequence[str] | None
"""A name or several; `all` stands for every one, None for the usual ones."""


def metrics_meant(
    records: Sequence[RunRecord], metrics: Names, cutoffs: Sequence[int] | None
) -> tuple[str, ...]:
    """The metrics meant; one that needs a K and has none stands for itself at all `cutoffs`, by default 10.

    Where a metric does not exist at 10 it is the largest K of it that there is.

    Raises:
        ConfigError: if the records hold none of that name, or nothing at one of the cutoffs.
    """
    known = dict.fromkeys(name for r in records for entry in r.metrics for name in entry.values)
    if known and cutoffs:
        _require_cutoffs(known, cutoffs)
    if metrics is None:
        at = [f"{family}@{k}" for family in DEFAULT_FAMILIES for k in cutoffs or (DEFAULT_K,)]
        at += [name for view in _views(records) for name in _headline(records, view, cutoffs)]
        return tuple(name for name in dict.fromkeys(at) if name in known) or tuple(known)[:3]
    names = _listed(metrics)
    if "all" in names and cutoffs:
        return tuple(name for name in known if _cutoff(name) in {None, *map(str, cutoffs)})
    written = [at for name in names for at in _at_cutoffs(name, cutoffs or _usual_cutoff(name, known))]
    return _meant("metric", written, {name: (metric_name(name),) for name in known}, explain) or ()


def usual_metric(records: Sequence[RunRecord], views: Names, cutoffs: Sequence[int] | None) -> str:
    """The metric by which rows are judged if nobody names one: `ndcg`, or of views without it their first."""
    asked = {name.casefold() for name in _listed(views or "all")}
    shown = [view for view in _views(records) if asked & {"all", view.casefold()}]
    known = {name for r in records for e in r.metrics if e.view in shown for name in e.values}
    own = [name for view in shown for name in _headline(records, view, cutoffs)]
    return own[0] if own and not any(name.startswith("ndcg@") for name in known) else "ndcg"


def views_meant(
    evaluated: dict[tuple[str, str], set[str]], views: Names
) -> tuple[list[ResultKey], tuple[str, ...]]:
    """Where there is something to show, and the evaluated views that are left out.

    Args:
        evaluated: views by data set and protocol.
        views: those asked for; by default `DEFAULT_VIEWS`, or all where these are not.
    """
    known = sorted(set().union(*evaluated.values()), key=lambda view: (view not in DEFAULT_VIEWS, view))
    asked = None
    if views is not None:
        asked = _meant("view", _listed(views), dict.fromkeys(known, ()), _require_view)
    shown = []
    for where, there in sorted(evaluated.items()):
        usual = [view for view in DEFAULT_VIEWS if view in there] or [v for v in known if v in there]
        chosen = usual if asked is None else [view for view in asked if view in there]
        shown += [ResultKey(*where, view) for view in (chosen if there else [""])]
    return shown, tuple(view for view in known if view not in {key.view for key in shown})


def aggregators_meant(records: Sequence[RunRecord], aggregator: Names) -> tuple[str, ...]:
    """The aggregators meant; `all` and `best` are left as they are.

    Raises:
        ConfigError: if the records know aggregators and not these.
    """
    names = _listed("average" if aggregator is None else aggregator)
    known = dict.fromkeys(entry.aggregator for record in records for entry in record.metrics)
    if not set(known) - set(WITHOUT_AGGREGATOR):
        return tuple(names)
    bare = {name: (name.partition("[")[0],) for name in sorted(known)}
    return tuple(matching("aggregator in these results", names, {"all": (), "best": (), **bare}))


def methods_meant(records: Sequence[RunRecord], methods: Names) -> tuple[str, ...] | None:
    """The labels of methods meant: by label, by registered or printed name, or by pattern; None for all.

    Raises:
        ConfigError: if the records hold none of that name.
    """
    if methods is None:
        return None
    known = {r.method: (r.name, method_name(r.method), method_name(r.name)) for r in records}
    return _meant("method", _listed(methods), known, lambda name: None)


def with_methods(records: Selection, methods: Names) -> Selection:
    """The records of the methods meant, and of what bounds them; a note counts what the filter hides.

    Raises:
        ConfigError: as of `methods_meant`.
    """
    meant = methods_meant(records, methods)
    if meant is None:
        return records
    kept = Selection(record for record in records if record.method in meant or record.name in REFERENCES)
    hidden = {record.method for record in records if record.status == "done"} - {r.method for r in kept}
    kept.notes = (*records.notes, *([filtered(len(hidden))] if hidden else []))
    return kept


def filtered(number: int) -> str:
    """How many methods a filter hides."""
    return f"{count(number, 'other method')} {'is' if number == 1 else 'are'} not shown"


def evaluated_views(
    records: Sequence[RunRecord], named: Sequence[str] = ()
) -> dict[tuple[str, str], set[str]]:
    """By data set and protocol the views in which there was something to evaluate, and the `named` ones."""
    views: dict[tuple[str, str], set[str]] = defaultdict(set)
    wanted = {name.casefold() for name in named}
    for record in records:
        applied = {view for view, facts in record.views.items() if facts.get("entities", 1) or view in wanted}
        views[record.dataset, record.protocol] |= applied | {entry.view for entry in record.metrics}
    return views


def _listed(names: str | Sequence[str]) -> list[str]:
    return list(dict.fromkeys([names] if isinstance(names, str) else names))


def _meant(
    kind: str,
    written: Sequence[str],
    known: Mapping[str, Sequence[str]],
    check: Callable[[str], object],
) -> tuple[str, ...]:
    """The known names that are meant, all of them for `all`.

    Where nothing is known, as every job failed, `check` has to raise an error for what never can be.
    """
    if "all" in written:
        return tuple(known)
    if known:
        return tuple(matching(f"{kind} in these results", written, known))
    for name in written:
        check(name)
    return ()


def _require_view(name: str) -> None:
    if name not in VIEWS:
        raise ConfigError(unknown("view", name, VIEWS))


def _usual_cutoff(metric: str, known: Iterable[str]) -> tuple[int]:
    """10, or the largest K at which the records hold the metric where they do not hold it at 10."""
    name = standard_name(metric)
    there = [int(k) for one in known for k in [_cutoff(one)] if k and one == f"{name}@{k}"]
    return (DEFAULT_K if DEFAULT_K in there or not there else max(there),)


def _views(records: Sequence[RunRecord]) -> list[str]:
    return [name for name in dict.fromkeys(e.view for r in records for e in r.metrics) if name in VIEWS]


def _headline(records: Sequence[RunRecord], view: str, cutoffs: Sequence[int] | None) -> list[str]:
    """What a view shows that has metrics of its own, at the `cutoffs`, by default the largest there is."""
    there = {name for r in records for entry in r.metrics if entry.view == view for name in entry.values}
    found = []
    for family in VIEWS[view].headline:
        known = sorted(int(k) for name in there for k in [_cutoff(name)] if k and name == f"{family}@{k}")
        found += [family] if family in there else [f"{family}@{k}" for k in cutoffs or known[-1:]]
    return found


def _at_cutoffs(metric: str, cutoffs: Sequence[int]) -> list[str]:
    """The metric by its standard name; at each cutoff if it needs one and has none."""
    found = definition(metric)
    bare = found is not None and found.cutoff and "@" not in metric
    return [standard_name(f"{metric}@{k}") for k in cutoffs] if bare else [standard_name(metric)]


def _require_cutoffs(known: Sequence[str] | dict[str, None], cutoffs: Sequence[int]) -> None:
    there = {int(at) for name in known if (at := _cutoff(name)) is not None}
    for k in cutoffs:
        if k not in there:
            shown = ", ".join(map(str, sorted(there)))
            raise ConfigError(
                f"k={k}: these results hold metrics at K of {shown} only; choose among them, or run again "
                f"with --k {k}"
            )


def _cutoff(metric: str) -> str | None:
    return metric.partition("@")[2] or None
