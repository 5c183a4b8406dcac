"""When two users count as similar or divergent, and whom of a group a new member must relate to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from groupbench.core.errors import ConfigError


@dataclass(frozen=True)
class Criteria:
    """Thresholds on the Pearson correlation of two users over the items that both rated.

    The defaults are those of Kaya, Bridge and Tintarev (RecSys 2020): 0.3 is a medium effect and
    0.1 a small one. Their code correlates whole rows with zeros for missing ratings; here only
    co-rated items count, so users who share too few are neither similar nor divergent.

    Raises:
        ConfigError: if a value is out of range.
    """

    relate: Literal["any", "all"] = "any"
    """Whether a new member must relate to any member before it, as in their code, or to all."""
    similar_from: float = 0.3
    """Users with at least this correlation are similar."""
    divergent_to: float = 0.1
    """Users with at most this correlation are divergent."""
    min_corated: int = 5
    """Users who share fewer items have no correlation; over two items it is always 1 or -1."""

    def __post_init__(self) -> None:
        if self.relate not in ("any", "all"):
            raise ConfigError(f"relate={self.relate!r}; must be 'any' or 'all'")
        for name in ("similar_from", "divergent_to"):
            if not -1 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)}; a correlation lies between -1 and 1")
        if self.min_corated < 2:
            raise ConfigError(f"min_corated={self.min_corated}; a correlation needs at least 2 items")


DEFAULT = Criteria()
