"""What was typed wrong, in this command line's own words: the parser's are those of programmers, and no JSON."""

import ast
import re

from typer.exceptions import TyperException

from daemon.errors import UsageError

MAX_GIVEN_CHARS = 60
_KINDS = {"int": "a whole number", "float": "a number", "boolean": "yes or no"}
# The parser's two sentences on a value; the first quotes it as Python does.
_NO_VALUE = re.compile(r"(?P<given>.*) is not a valid (?P<kind>\w+).*", re.DOTALL)
_OUT_OF_RANGE = re.compile(r"(?P<given>.*) is not in the range .*", re.DOTALL)


def in_own_words(error: TyperException) -> UsageError:
    """The error of the parser as one of ours. [any]"""
    path = getattr(getattr(error, "ctx", None), "command_path", "") or "sidechain"
    next_step = f"`{path} --help` says what there is."
    return UsageError(_of_a_value(error) or _sentence(error), next_step)


def _of_a_value(error: TyperException) -> str:
    """What the value must be, where that is what is wrong; else ""."""
    param = getattr(error, "param", None)
    if param is None:
        return ""
    if found := _NO_VALUE.fullmatch(error.message):
        given = str(ast.literal_eval(found["given"]))
        must_be = _KINDS.get(found["kind"], "something else") if _is_text(given) else "text (UTF-8)"
    elif found := _OUT_OF_RANGE.fullmatch(error.message):
        given, kind = found["given"], param.type
        is_below = kind.min is not None and float(given) < kind.min
        must_be = f"at least {kind.min:g}" if is_below else f"at most {kind.max:g}"
    else:
        return ""
    given = given if len(given) <= MAX_GIVEN_CHARS else f"{given[:MAX_GIVEN_CHARS]}…"
    return f"{param.opts[0]} is “{given}”, and must be {must_be}."


def _is_text(given: str) -> bool:
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sentence(error: TyperException) -> str:
    """What the parser says, as a sentence; "" when it has shown its help instead."""
    said = (
        str(getattr(error, "format_message", str)()).strip().replace("'", "").replace("argument(s)", "words")
    )
    return said if not said or said.endswith(".") else f"{said}."
