"""Small groups, evaluated by what each of their members likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from groupbench.core.seeding import generator
from groupbench.data.formation import DEFAULT, Criteria
from groupbench.evaluation.protocols._base import PROTOCOLS, natural_groups, training_data
from groupbench.evaluation.protocols._rows import RowSplit
from groupbench.evaluation.task import Task

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.data.groups import Groups

_CRITERIA = ("similar_from", "divergent_to", "min_corated")


@PROTOCOLS.register
class Coupled(RowSplit):
    """Small formed groups choose from all items new to their members; each member has its own truth."""

    views: ClassVar[tuple[str, ...]] = ("coupled", "decoupled")

    name: Literal["coupled"] = "coupled"
    groups: Literal[
        "random", "similar", "divergent", "one-divergent", "coalitional", "same-item", "natural"
    ] = "random"
    """How groups are formed from training rows, or `natural` for the observed ones."""
    n_groups: int = Field(1000, ge=1)
    """Number of groups."""
    sizes: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8)
    """Sizes of the groups, in equal shares."""
    relate: Literal["any", "all"] = "any"
    """Whether a new member must relate to any or to all members (Kaya et al. 2020 take any)."""
    similar_from: float = Field(DEFAULT.similar_from, ge=-1, le=1)
    """Users with at least this correlation are similar."""
    divergent_to: float = Field(DEFAULT.divergent_to, ge=-1, le=1)
    """Users with at most this correlation are divergent."""
    min_corated: int = Field(DEFAULT.min_corated, ge=2)
    """Users who share fewer items have no correlation."""

    @model_serializer(mode="wrap")
    def _leave_out_usual(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave criteria out that are as usual: keys of jobs are older than these options."""
        options: dict[str, object] = dump(self)
        usual = [name for name in _CRITERIA if getattr(self, name) == getattr(DEFAULT, name)]
        return {name: value for name, value in options.items() if name not in usual}

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Split the rows, and form the groups from what is left for training."""
        rows, held_out = self.hold_out(dataset, seed)
        natural = self.groups == "natural"
        groups = natural_groups(dataset) if natural else self._formed(dataset, rows, seed)
        tau = self.threshold(dataset.scale)
        return Task(training_data(dataset, rows, groups, tau=tau, question=self.question), held_out)

    def _formed(self, dataset: Dataset, rows: Ratings, seed: int) -> Groups:
        from groupbench.data.formation import form

        return form(
            self.groups,
            rows,
            sizes=self.sizes,
            n_groups=self.n_groups,
            criteria=Criteria(self.relate, **{name: getattr(self, name) for name in _CRITERIA}),
            rng=generator(dataset.seed_label, "groups", self.groups, seed),
        )
