"""Counters that stand beside what they count, and whether they are right."""

from msgspec import Struct


class Miscount(Struct, frozen=True, kw_only=True):
    """A counter that is wrong: column of table, in the row of this id. counted: what it should be."""

    table: str
    column: str
    id: str
    stored: int | str
    counted: int | str

    def __str__(self) -> str:
        return f"{self.table} {self.id}: {self.column} is {self.stored}, and counts {self.counted}"
