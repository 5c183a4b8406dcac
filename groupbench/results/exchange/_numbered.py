"""Scores of official code, by the numbers of the folder that it read."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import ConfigError, DatasetError, shown, unknown
from groupbench.core.files import read_bytes, read_text
from groupbench.data.loading.layouts import LAYOUTS, WRITABLE
from groupbench.evaluation.views import VIEWS
from groupbench.results.exchange._layout import as_given
from groupbench.results.exchange._read import EXACT, RankingRows, read_rows
from groupbench.results.schema import LARGEST

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import BoolArray, FloatArray, ObjectArray
    from groupbench.data.dataset import HeldOutRows
    from groupbench.evaluation.views import EvaluationCase
    from groupbench.results.exchange._task_split import PreparedSplit

MOST_CELLS = 20_000_000
"""Scores of a matrix, at most."""

_BY_LINE = "held-out rows x 1 + sampled"
"""The shape of scores of lists that stand line by line in the folder."""

_SAME = 1e-5
"""How far scores of a pair in two lists may differ, relative to the largest: batches add up differently."""


@dataclass(frozen=True)
class TaskFolder:
    """A folder that `export_layout` wrote.

    Attributes:
        path: the folder.
        layout: name of its layout.
        protocol: options of the protocol.
        seed: number of the repetition.
        content_hash: that of the data set.
        dataset: name of the data set.
    """

    path: Path
    layout: str
    protocol: dict[str, Any]
    seed: int
    content_hash: str
    dataset: str

    @classmethod
    def read(cls, path: Path) -> TaskFolder:
        """Read `task.json`.

        Raises:
            DatasetError: if there is none, or it is not what `export_layout` wrote.
        """
        file = path / "task.json"
        remedy = "name a folder that 'groupbench export-task --layout' wrote"
        if parts := sorted(path.glob("seed-*/task.json")):
            remedy = f"name the folder of one seed, as {parts[0].parent}"
        try:
            card = json.loads(read_text(file))
            found = {name: card[name] for name in ("layout", "protocol", "seed", "content_hash", "dataset")}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            why = getattr(error, "strerror", None) or "it is not as it was written"
            raise DatasetError(f"{file}: cannot be read: {why}; {remedy}") from error
        layout, protocol, seed, *words = found.values()
        known = isinstance(layout, str) and layout in WRITABLE and all(isinstance(w, str) for w in words)
        numbered = type(seed) is int and 0 <= seed <= LARGEST
        if not (known and numbered and isinstance(protocol, dict) and "name" in protocol):
            raise DatasetError(f"{file}: is not as it was written; {remedy}")
        return cls(path, **found)

    def rows(self, file: Path, view: str, split: PreparedSplit) -> RankingRows:
        """The rows of a file of scores by number, with ids in their place.

        Args:
            file: a matrix in a `.npy` file, or what `read_rows` reads.
            view: the view that it is for, or "" where it has a column `view`.
            split: that of the folder.

        Raises:
            ConfigError: if the view is unknown, or the split is another one.
            DatasetError: if the file cannot be read, has a wrong shape, or a number that is unknown.
        """
        if self.content_hash != split.dataset.content_hash:
            raise ConfigError(
                f"{self.path} was made of other data than {split.dataset.name} is here; export it again"
            )
        if file.suffix.lower() == ".npy":
            return _matrix_rows(file, self, split, _case(split, view))
        rows = read_rows(file)
        self._require_own_seed(rows)
        views = [view] * len(rows.frame) if "view" not in rows.frame else rows.frame["view"].tolist()
        kinds = np.array([VIEWS[name].entity if name in VIEWS else "group" for name in views], dtype=object)
        if "view" not in rows.frame:
            kinds[:] = _case(split, view).view.entity
        entities = np.empty(len(kinds), dtype=object)
        for kind in ("user", "group"):
            of_kind = kinds == kind
            entities[of_kind] = self._named(rows.take(of_kind), "entity", kind)
        items = self._named(rows, "item", "item")
        return replace(rows, frame=rows.frame.assign(entity=entities, item=items))

    def _require_own_seed(self, rows: RankingRows) -> None:
        """Refuse rows of another seed, whose numbers and training rows are not the folder's."""
        if "seed" in rows.frame and (other := rows.frame["seed"].to_numpy() != self.seed).any():
            row = int(other.argmax())
            raise DatasetError(
                f"{rows.at(row)}: is of seed {rows.frame['seed'].iloc[row]}, and {self.path} of seed "
                f"{self.seed}; score each seed with its own folder"
            )

    def ids(self, kind: str) -> ObjectArray:
        """The ids of a kind, by number."""
        return self._ids[kind]

    @cached_property
    def _ids(self) -> dict[str, ObjectArray]:
        import pandas as pd

        file = self.path / "ids.csv"
        try:
            content = io.BytesIO(read_bytes(file))
            frame = pd.read_csv(content, dtype=str, keep_default_na=False)
            found = {}
            for kind in ("user", "item", "group"):
                own = frame[frame["kind"] == kind]
                if own["number"].tolist() != list(map(str, range(len(own)))):
                    raise ValueError
                found[kind] = own["id"].to_numpy(dtype=object)
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{file}: is not as it was written; export the task again") from error
        return found

    def _named(self, rows: RankingRows, column: str, kind: str) -> ObjectArray:
        """The ids that the numbers of a column stand for."""
        ids, texts = self.ids(kind), rows.frame[column]
        whole = texts.str.fullmatch(r"[0-9]{1,15}(\.0)?").to_numpy(dtype=bool)
        numbers = np.where(whole, texts.str.removesuffix(".0"), "-1").astype(np.int64)
        wrong = (numbers < 0) | (numbers >= len(ids))
        if wrong.any():
            row = int(wrong.argmax())
            raise DatasetError(
                f"{rows.at(row)}: {shown(texts.iloc[row])} is no number of {_an(kind)}; "
                f"{self.path}/ids.csv has 0 to {len(ids) - 1}"
            )
        return ids[numbers]


def _case(split: PreparedSplit, view: str) -> EvaluationCase:
    if not view:
        raise ConfigError(f"scores by number do not say which view they are for; name one of {_known(split)}")
    if view not in split.cases:
        raise ConfigError(unknown(f"view of the protocol {split.protocol.name}", view, split.cases))
    return split.cases[view]


def _an(kind: str) -> str:
    return f"an {kind}" if kind == "item" else f"a {kind}"


def _known(split: PreparedSplit) -> str:
    return f"{', '.join(split.cases)} with --view"


def _matrix_rows(file: Path, task: TaskFolder, split: PreparedSplit, case: EvaluationCase) -> RankingRows:
    import pandas as pd

    kind, held = case.view.entity, _held(task, split, case)
    shapes = {f"{kind}s x items": (len(task.ids(kind)), len(task.ids("item")))}
    if held is not None:
        assert held.segments is not None
        shapes[_BY_LINE] = (len(held.ratings), 1 + int(held.segments.sizes.max()))
    scores, sha256 = _matrix(file, case.view.name, shapes)
    if held is not None and scores.shape == shapes[_BY_LINE]:
        _require_finite(file, scores, _inside(held, scores.shape[1]))
        return RankingRows(file, 0, _of_lists(file, split, held, kind, scores), sha256)
    _require_finite(file, scores, True)
    everything = {
        "entity": np.repeat(task.ids(kind), scores.shape[1]),
        "item": np.tile(task.ids("item"), len(scores)),
        "score": scores.ravel(),
    }
    return RankingRows(file, 0, pd.DataFrame(everything), sha256)


def _matrix(file: Path, view: str, shapes: dict[str, tuple[int, int]]) -> tuple[FloatArray, str]:
    """The scores of a file, of one of the shapes, which have names, and the sha256 of its bytes."""
    try:
        content = read_bytes(file)
        values = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(values, np.ndarray):
            raise ValueError
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DatasetError(f"{file} cannot be read: it is no .npy file of numbers; use numpy.save") from error
    if values.ndim != 2 or values.shape not in shapes.values() or values.dtype.kind not in "fiu":
        wanted = " or ".join(f"{n:,} x {width:,} ({what})" for what, (n, width) in shapes.items())
        raise DatasetError(
            f"{file}: its shape is {values.shape} of {values.dtype}; view {view} takes numbers of {wanted}"
        )
    if values.size > MOST_CELLS:
        raise DatasetError(
            f"{file}: {values.size:,} scores are more than {MOST_CELLS:,}; give the best of each row as CSV "
            "with entity, item and score"
        )
    if values.dtype.kind in "iu" and values.size and (values.max() >= EXACT or values.min() <= -EXACT):
        raise DatasetError(f"{file}: holds whole numbers beyond 2**53, which would tie; write smaller ones")
    with np.errstate(over="ignore"):
        return values.astype(np.float64), hashlib.sha256(content).hexdigest()


def _held(task: TaskFolder, split: PreparedSplit, case: EvaluationCase) -> HeldOutRows | None:
    """The held-out rows whose lists the folder holds line by line, for a view that ranks those."""
    if not case.view.name.startswith("sampled") or not LAYOUTS[task.layout].needs_negatives:
        return None
    given = as_given(split, LAYOUTS[task.layout]).given
    assert given is not None
    return given.users if case.view.entity == "user" else given.groups


def _inside(held: HeldOutRows, width: int) -> BoolArray:
    """Which scores of lines belong to an item, (n_rows, width)."""
    assert held.segments is not None
    return np.arange(width) <= held.segments.sizes[:, None]


def _require_finite(file: Path, scores: FloatArray, where: BoolArray | bool) -> None:
    wrong = ~np.isfinite(scores) & where
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        raise DatasetError(
            f"{file}: row {row} holds a score that is no finite number; give one to every item"
        )


def _of_lists(
    file: Path, split: PreparedSplit, held: HeldOutRows, kind: str, scores: FloatArray
) -> pd.DataFrame:
    """One row for each pair of a rater and an item of its lists.

    Raises:
        DatasetError: if a pair has different scores in two lists.
    """
    import pandas as pd

    assert held.segments is not None
    assert held.negatives is not None
    rows, sizes = held.ratings, held.segments.sizes
    raters = np.concatenate([rows.users, rows.users.repeat(sizes)])
    items = np.concatenate([rows.items, held.negatives])
    values = np.concatenate([scores[:, 0], scores[:, 1:][_inside(held, scores.shape[1])[:, 1:]]])
    pairs = raters * rows.n_items + items
    order = np.lexsort((values, pairs))
    pairs, values = pairs[order], values[order]
    first = np.append(True, pairs[1:] != pairs[:-1])
    lowest = values[first][np.cumsum(first) - 1]
    apart = np.abs(values - lowest) > _SAME * max(1.0, float(np.abs(values).max()))
    ids_of = split.user_ids if kind == "user" else np.array(split.task.train.groups.ids, dtype=object)
    if apart.any():
        rater, item = divmod(int(pairs[int(apart.argmax())]), rows.n_items)
        raise DatasetError(
            f"{file}: {kind} {ids_of[rater]!r} and item {split.dataset.item_ids[item]!r} have different "
            "scores in two lists; score with dropout and other chance switched off"
        )
    owners, chosen = np.divmod(pairs[first], rows.n_items)
    return pd.DataFrame({"entity": ids_of[owners], "item": split.item_ids[chosen], "score": values[first]})
