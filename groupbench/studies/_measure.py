"""What one fit of DMTL says of users whose group it was not told, and of held-out rows of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator, integer
from groupbench.data.groups import Groups
from groupbench.studies._fit import fitted, task_of
from groupbench.studies._inspect import losses_of
from groupbench.studies._representation import mean_by_user, only_group

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.models.recommender import TrainingData
    from groupbench.runner.job import Job

VERSION = 1
"""Part of the key under which measurements are kept; raise it when they change."""

DISJOINT, ROWS = "user-disjoint", "rows"
MODEL, LOOK_UP = "model", "id look-up"


@dataclass(frozen=True)
class Measured:
    """What one fit says of users whose group it was not told, and of held-out rows of the others.

    Attributes:
        losses: by name, one value per epoch; training losses of the fit that chose the number of epochs.
        confusions: by split and predictor, (n_groups, n_groups) counts: true group by predicted group.
    """

    losses: dict[str, list[float]]
    confusions: dict[str, dict[str, IntArray]]


def measure(job: Job, dataset: Dataset, fold: int, folds: int) -> Measured:
    """Withhold the group of every user of one fold, fit, and predict.

    Users who are in exactly one group and have training rows are parted into `folds` within their groups.
    Those of one fold are in no group while the model is fitted: their training ratings count in the rating
    loss, so that they have embeddings, and nothing says which group is theirs. Their predicted group is the
    most probable one by the mean over their training rows. The controls know the same: ratings and features
    of all users, and the groups of the others.

    Args:
        job: names model, protocol and seed.
        dataset: its data set.
        fold: the fold whose groups are withheld.
        folds: number of folds.

    Raises:
        ConfigError: if no user can be withheld.
    """
    task = task_of(job, dataset)
    train = task.train
    labels = only_group(train.groups, train.ratings.n_users)
    labels[np.bincount(train.ratings.users, minlength=len(labels)) == 0] = -1
    parts = user_folds(labels, folds, generator(dataset.seed_label, "profiling", job.seed))
    withheld, told = parts == fold, (labels >= 0) & (parts != fold)
    if not withheld.any():
        raise ConfigError(
            f"no user's group can be withheld in fold {fold} of {folds}: it takes groups with two users who "
            "are in no other group and have training rows"
        )
    model = fitted(job, task, without(train.groups, withheld))
    users, probabilities = mean_by_user(train.ratings.take(withheld[train.ratings.users]), model.profiles)
    predicted = {MODEL: probabilities.argmax(axis=1)} | _controls(train, labels, told, users, job.seed)
    n_groups = len(train.groups)
    evaluated = task.held_out.take(told[task.held_out.users])
    return Measured(
        losses_of(model),
        {
            DISJOINT: {name: confusion(labels[users], p, n_groups) for name, p in predicted.items()},
            ROWS: {
                MODEL: confusion(labels[evaluated.users], _by_row(model.profiles, evaluated), n_groups),
                LOOK_UP: confusion(labels[evaluated.users], labels[evaluated.users], n_groups),
            },
        },
    )


def user_folds(labels: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """The fold of each user, (n_users,), spread evenly over each group; -1 for users who are never withheld.

    Those are users without a label, and the only one of a group: the group would be unknown without them.
    No fold takes the last user of a group.

    Args:
        labels: (n_users,) groups; negative for none.
        folds: at least 2.
        rng: shuffles users.
    """
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    order = order[labels[order] >= 0]
    sizes = np.bincount(labels[order], minlength=1)
    order = order[sizes[labels[order]] > 1]
    parts = np.full(len(labels), -1, dtype=np.int64)
    parts[order] = np.arange(len(order)) % folds
    return parts


def without(groups: Groups, withheld: BoolArray) -> Groups:
    """The groups without the users that the mask `withheld`, (n_users,), marks; each keeps a member."""
    kept = ~withheld[groups.members]
    sizes = np.bincount(groups.segments.of_row[kept], minlength=len(groups))
    return Groups(groups.ids, Segments.from_sizes(sizes), groups.members[kept])


def confusion(truth: IntArray, predicted: IntArray, n_groups: int) -> IntArray:
    """Counts by true and predicted group, (n_groups, n_groups)."""
    return np.bincount(truth * n_groups + predicted, minlength=n_groups**2).reshape(n_groups, n_groups)


def _controls(
    train: TrainingData, labels: IntArray, told: BoolArray, users: IntArray, seed: int
) -> dict[str, IntArray]:
    """Groups of `users` as simple predictors tell them from the users that the mask `told` marks."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from groupbench.models.dmtl.features import make_inputs

    vectors = make_inputs(train, train.ratings, biases=True, statistics=True).users.features
    known = labels[told]
    random_state = integer(generator("profiling", "controls", seed))
    learners = {
        "1-nn": KNeighborsClassifier(n_neighbors=1),
        "logistic": LogisticRegression(max_iter=2000, random_state=random_state),
    }
    found = {"majority": np.full(len(users), np.bincount(known).argmax())}
    for name, learner in learners.items():
        if len(np.unique(known)) > 1:
            fit = make_pipeline(StandardScaler(), learner).fit(vectors[told], known)
            found[name] = fit.predict(vectors[users])
        else:
            found[name] = found["majority"]
    return found


def _by_row(profiles: Any, rows: Ratings) -> IntArray:
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64)
    found: FloatArray = profiles(rows.users, rows.items)
    return np.asarray(found.argmax(axis=1), dtype=np.int64)
