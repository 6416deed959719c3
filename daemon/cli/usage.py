"""What was typed wrong, in this command line's own words: the parser's are those of programmers, and no JSON."""

from collections.abc import Mapping
from typing import cast

from typer.exceptions import TyperException

from daemon.errors import UsageError

MAX_GIVEN_CHARS = 60
# What a value must be, by the name that the parser has for why it is not.
_MUST_BE = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "yes or no",
    "string_unicode": "text (UTF-8)",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
}


def in_own_words(error: TyperException) -> UsageError:
    """The error of the parser as one of ours. [any]"""
    path = getattr(getattr(error, "ctx", None), "command_path", "") or "sidechain"
    next_step = f"`{path} --help` says what there is."
    return UsageError(_of_a_value(error) or _sentence(error), next_step)


def _of_a_value(error: TyperException) -> str:
    """What the value must be, where that is what is wrong; else ""."""
    found = getattr(error.__cause__, "errors", None)
    param = getattr(error, "param", None)
    if found is None or param is None:
        return ""
    first = cast(Mapping[str, object], found(include_url=False)[0])
    known = cast(Mapping[str, object], first.get("ctx", {}))
    limits = {name: f"{limit:g}" for name, limit in known.items() if isinstance(limit, int | float)}
    must_be = _MUST_BE.get(str(first["type"]), "something else").format(**limits)
    given = str(first["input"])
    given = given if len(given) <= MAX_GIVEN_CHARS else f"{given[:MAX_GIVEN_CHARS]}…"
    return f"{param.opts[0]} is “{given}”, and must be {must_be}."


def _sentence(error: TyperException) -> str:
    """What the parser says, as a sentence; "" when it has shown its help instead."""
    said = (
        str(getattr(error, "format_message", str)()).strip().replace("'", "").replace("argument(s)", "words")
    )
    return said if not said or said.endswith(".") else f"{said}."
