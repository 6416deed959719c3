"""Pictures of numbers, as path data in a box of WIDTH by HEIGHT units. Only numbers go in. Values only."""

from collections.abc import Sequence

from msgspec import Struct

WIDTH, HEIGHT = 640, 120
_AIR = 0.25
"""Of a column, between it and the next."""


class Chart(Struct, frozen=True, kw_only=True):
    """solid: of what is told. unknown: a short mark wherever nothing is told. highest: what the top of the box stands for."""

    solid: str
    unknown: str
    highest: int


def columns(values: Sequence[int | None]) -> Chart:
    """A column for each; None: it is not told. [any]"""
    highest = max((each for each in values if each is not None), default=0)
    step = WIDTH / max(len(values), 1)
    wide = step * (1 - _AIR)
    solid, unknown = list[str](), list[str]()
    for n, value in enumerate(values):
        x = n * step + step * _AIR / 2
        if value is None:
            unknown.append(_column(x, wide, 2))
        elif value:
            solid.append(_column(x, wide, max(value / highest * HEIGHT, 2)))
    return Chart(solid="".join(solid), unknown="".join(unknown), highest=highest)


def area(values: Sequence[int]) -> Chart:
    """What is under a line of steps. [any]"""
    highest = max(values, default=0)
    if not highest:
        return Chart(solid="", unknown="", highest=0)
    step = WIDTH / len(values)
    steps = "".join(f"V{HEIGHT - value / highest * HEIGHT:.1f}h{step:.2f}" for value in values)
    return Chart(solid=f"M0 {HEIGHT}{steps}V{HEIGHT}z", unknown="", highest=highest)


def _column(x: float, wide: float, high: float) -> str:
    return f"M{x:.1f} {HEIGHT - high:.1f}h{wide:.1f}V{HEIGHT}h-{wide:.1f}z"
