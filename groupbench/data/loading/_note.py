"""What a loader tells about the files, as text that can be counted."""

from __future__ import annotations


class Note(str):
    """A note of a loader that is also a finding of the doctor.

    Attributes:
        code: the kind of finding, as in `repeated-memberships`.
        rows: how many rows it is about.
        total: out of how many.
        examples: a few of those rows, by the ids of the original files.
    """

    code: str
    rows: int
    total: int
    examples: tuple[str, ...]

    def __new__(
        cls, text: str, code: str = "", rows: int = 0, total: int = 0, examples: tuple[str, ...] = ()
    ) -> Note:
        """A note that reads `text`."""
        made = super().__new__(cls, text)
        made.code, made.rows, made.total, made.examples = code, rows, total, examples
        return made
