"""Values that both engines hold and give back alike. What only one of them would take is refused by both."""

from collections.abc import Mapping

from relay.engine.database.door import Values
from relay.engine.database.errors import ValueRefused

MIN_INT = -(2**63)
MAX_INT = 2**63 - 1


def check(values: Values) -> None:
    """Raises ValueRefused. (Half a surrogate is found where text is encoded.) [any]"""
    for value in values.values() if isinstance(values, Mapping) else values:
        kind = type(value)
        if kind is str:
            if "\0" in value:  # type: ignore[operator] # a str, as the line before says
                raise ValueRefused("Text with a NUL cannot be stored. Refuse it where it comes in.")
        elif kind is int:
            if not MIN_INT <= value <= MAX_INT:  # type: ignore[operator]
                raise ValueRefused(f"{value} has more than 64 bits. Bound it where it comes in.")
        elif kind is float and value != value:
            raise ValueRefused("NaN cannot be stored. Refuse it where it comes in.")
