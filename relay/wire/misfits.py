"""What does not fit a shape, in words: msgspec says it in types and regular expressions, which no person should read.

Both ends use it: the relay for what it is sent, the desktop for what is typed, or stands in the settings file.
"""

import re

import msgspec

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.S)
_WORDS = (
    (
        re.compile(r"Expected `(\w+).*?`(?: of| matching)? regex .*|Expected .* matching regex .*", re.S),
        "has a character or a form that is not allowed",
    ),
    (re.compile(r"Expected `str` of length <= (\d+)"), r"has at most \1 characters"),
    (re.compile(r"Expected `str` of length >= (\d+)"), r"has at least \1 characters"),
    (re.compile(r"Expected `array` of length <= (\d+)"), r"has at most \1 entries"),
    (re.compile(r"Expected `object` of length <= (\d+)"), r"has at most \1 entries"),
    (re.compile(r"Expected `\w+` <= ([-0-9.e+]+?)(?:\.0)?"), r"must be at most \1"),
    (re.compile(r"Expected `\w+` >= ([-0-9.e+]+?)(?:\.0)?"), r"must be at least \1"),
    (re.compile(r"Expected `\w+` < ([-0-9.e+]+?)(?:\.0)?"), r"must be less than \1"),
    (re.compile(r"Expected `\w+` > ([-0-9.e+]+?)(?:\.0)?"), r"must be more than \1"),
    (re.compile(r"Object missing required field `(\w+)`"), r"lacks \1"),
    (re.compile(r"Object contains unknown field `(.{0,64}).*`", re.S), r"has \1, which is not known here"),
    (re.compile(r"Invalid enum value.*", re.S), "has a value that is not among those there are"),
    (re.compile(r"Expected `(.*)`, got `(.*)`"), r"must be \1, not \2"),
)
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table of names and values",
    "null": "nothing",
}
_TYPE = re.compile(r"(?:(?<=must be )|(?<=, not ))\b(?:" + "|".join(_TYPES) + r")\b")


def in_words(error: msgspec.ValidationError, whole: str) -> str:
    """A sentence. whole: what to say for a value with no name of its own, such as "The body". [any]"""
    found = _WHERE.match(str(error))
    said, path = (found["what"], found["path"] or "") if found else (str(error), "")
    where = path.strip(".") or whole
    for pattern, words in _WORDS:
        if matched := pattern.fullmatch(said):
            return f"{where} {_TYPE.sub(lambda found: _TYPES[found[0]], matched.expand(words))}."
    return f"{where} is outside its limits."
