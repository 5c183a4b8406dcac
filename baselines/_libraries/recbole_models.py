"""RecBole's general recommenders: every training row is an interaction, of whatever rating."""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

LIBRARY = "recbole"

_TRAINING = ("epochs", "learning_rate", "train_batch_size", "weight_decay")
"""What all models that are trained take."""

_OF_WHOLE_USERS = (
    "CDAE",
    "DiffRec",
    "ENMF",
    "LDiffRec",
    "MacridVAE",
    "MultiDAE",
    "MultiVAE",
    "RaCT",
    "RecVAE",
)
"""Models that learn from all of a user's items at once, and so from no sampled ones beside."""

_ALIASES = {
    "bool": "bool_",
    "int": "int_",
    "float": "float64",
    "complex": "complex128",
    "object": "object_",
    "str": "str_",
    "long": "int_",
    "unicode": "str_",
    "float_": "float64",
    "complex_": "complex128",
    "unicode_": "str_",
}
"""Names of NumPy that RecBole 1.2 uses or sets, and what they stand for: NumPy 2 has not all of them."""

_BLOCK = 128
"""Users that are scored at once."""


def load() -> None:
    """Import the library, and what PyTorch imports only when it is first used."""
    import torch

    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    with _as_it_expects():
        import recbole.data
        import recbole.model.general_recommender
        import recbole.trainer  # noqa: F401


def describe() -> dict[str, Any]:
    """`doc` and `parameters` with their defaults, by model."""
    load()
    return {
        name: {"doc": model.__doc__ or "", "parameters": _parameters(name)}
        for name, model in sorted(_models().items())
    }


def fit(model: str, parameters: dict[str, Any], data: Any, seed: int) -> Any:
    """A model trained for as many epochs as it is told: nothing is held out to stop earlier."""
    with _as_it_expects(), tempfile.TemporaryDirectory(prefix="groupbench-recbole-") as folder:
        _write_rows(Path(folder, "rows"), data)
        return _Fitted(*_trained(model, parameters, folder, seed), int(data.n_items))


def _write_rows(folder, data):
    """RecBole reads its own kind of file only."""
    folder.mkdir()
    rows = zip(data.users.tolist(), data.items.tolist(), data.values.tolist())  # noqa: B905
    lines = ["user_id:token\titem_id:token\trating:float", *("{}\t{}\t{}".format(*row) for row in rows)]
    (folder / "rows.inter").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _trained(model, parameters, folder, seed):
    """The dataset, and the model trained on all of it."""
    from recbole.config import Config
    from recbole.data import create_dataset, create_samplers
    from recbole.data.utils import get_dataloader
    from recbole.utils import get_model, get_trainer

    config = Config(model, "rows", config_dict=_settings(model, parameters, folder, seed))
    dataset = create_dataset(config)
    parts = dataset.build()
    sampler = create_samplers(config, dataset, parts)[0]
    rows = get_dataloader(config, "train")(config, parts[0], sampler, shuffle=True)
    made = get_model(model)(config, rows.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], model)(config, made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about names that RecBole calls it by
        trainer.fit(rows, saved=False, verbose=False, show_progress=False)
    made.eval()
    return dataset, made


def _settings(model, parameters, folder, seed):
    fixed = {
        "data_path": folder,
        "checkpoint_dir": folder,
        "load_col": {"inter": ["user_id", "item_id", "rating"]},
        "use_gpu": False,
        "gpu_id": "",
        "seed": seed,
        "eval_args": {"split": {"RS": [1.0, 0.0, 0.0]}, "group_by": "none", "order": "RO", "mode": "full"},
    }
    if model in _OF_WHOLE_USERS:
        fixed["train_neg_sample_args"] = None
    return {**{name: _value(name, value) for name, value in parameters.items()}, **fixed}


def _value(name, value):
    """A list for its text. Other text may be a word only: RecBole evaluates it as Python."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return ast.literal_eval(value)
    if not re.fullmatch(r"[\w-]*", value):
        raise ValueError(f"{name}={value!r} is neither a word nor a list")
    return value


class _Fitted:
    def __init__(self, dataset, model, n_items):
        users, items = dataset.field2id_token["user_id"], dataset.field2id_token["item_id"]
        self._numbers = {int(token): number for number, token in enumerate(users) if number}  # 0 is padding
        self._items = np.array([int(token) for token in items[1:]])
        self._model, self._n_items = model, n_items

    def score(self, users: np.ndarray) -> np.ndarray:
        scores = np.full((len(users), self._n_items), np.nan)
        for start in range(0, len(users), _BLOCK):
            numbers = [self._numbers[user] for user in users[start : start + _BLOCK].tolist()]
            scores[start : start + _BLOCK, self._items] = self._scores(numbers)[:, 1:]
        return scores

    def _scores(self, numbers):
        import torch

        with _as_it_expects(), torch.no_grad():
            from recbole.data.interaction import Interaction

            asked = Interaction({"user_id": torch.tensor(numbers)})
            n_items = len(self._items) + 1
            try:
                found = self._model.full_sort_predict(asked)
            except NotImplementedError:
                pairs = asked.repeat_interleave(n_items)
                pairs.update(Interaction({"item_id": torch.arange(n_items).repeat(len(numbers))}))
                found = self._model.predict(pairs)
            return found.reshape(len(numbers), n_items).numpy().astype(np.float64)


def _models():
    from recbole.model import general_recommender
    from recbole.model.abstract_recommender import GeneralRecommender

    found = {name: getattr(general_recommender, name) for name in dir(general_recommender)}
    return {
        name: model
        for name, model in found.items()
        if inspect.isclass(model) and issubclass(model, GeneralRecommender) and name != "Random"
    }


def _parameters(name):
    """The properties of a model with the library's own defaults; a list is its text."""
    import recbole
    import yaml

    folder = Path(recbole.__file__).parent / "properties"
    read = {}
    for file in (folder / "overall.yaml", folder / "model" / (name + ".yaml")):
        if file.exists():
            read[file.stem] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    shared = {key: value for key, value in read["overall"].items() if key in _TRAINING}
    found = {key: _default(value) for key, value in {**shared, **read.get(name, {})}.items()}
    return {key: value for key, value in found.items() if isinstance(value, (bool, int, float, str))}


def _default(value):
    numbers = _numbers(value)
    return str(numbers) if isinstance(numbers, list) else numbers


def _numbers(value):
    """YAML takes 1e-05 for text."""
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    is_number = isinstance(value, str) and re.fullmatch(r"[-+]?\d+e[-+]?\d+", value)
    return float(value) if is_number else value


@contextmanager
def _as_it_expects():
    """Give RecBole the NumPy and SciPy that it was written for, no arguments, and no board to write to."""
    from scipy.sparse import dok_matrix

    board = sys.modules.get("recbole.trainer.trainer")
    changed = [
        *((np, name, vars(np).get(now)) for name, now in _ALIASES.items()),
        (dok_matrix, "_update", lambda self, cells: self._dict.update(cells)),
        (sys, "argv", sys.argv[:1]),
        *([(board, "get_tensorboard", lambda logger: _Silent())] if board else []),
    ]
    before = [(place, name, vars(place).get(name)) for place, name, _ in changed]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    for place, name, value in changed:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            if value is not None:
                setattr(place, name, value)
            elif name in vars(place):
                delattr(place, name)
        if visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible
        else:
            os.environ.pop("CUDA_VISIBLE_DEVICES", None)


class _Silent:
    """Takes whatever is written to TensorBoard."""

    def __getattr__(self, name):
        return lambda *values, **options: None
