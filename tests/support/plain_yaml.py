"""Reads the part of YAML that our own files are written in, strictly: blocks by two spaces, flow lists and maps as JSON.

What it does not know is an error, so a file that it reads means the same to every reader of YAML.
"""

import json
import re
from typing import Any

_KEY = re.compile(r"([A-Za-z0-9_.-]+):(?: (.*))?")


class BadYaml(ValueError):
    """A sentence with the number of the line."""


def read(text: str) -> dict[str, Any]:
    """Raises BadYaml."""
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    value, rest = _block(lines, 0)
    if rest or not isinstance(value, dict):
        raise BadYaml(f"line {rest[0][0] if rest else 1}: not a map at the first level")
    return value


def _block(lines: list[tuple[int, str]], depth: int) -> tuple[Any, list[tuple[int, str]]]:
    if lines and lines[0][1][depth:].startswith("- "):
        return _items(lines, depth)
    found: dict[str, Any] = {}
    while lines and _depth(lines[0]) == depth:
        number, line = lines[0]
        key = _KEY.fullmatch(line[depth:])
        if key is None or key[1] in found:
            raise BadYaml(f"line {number}: no key, or one that stands twice")
        lines = lines[1:]
        if key[2] is None:
            found[key[1]], lines = _block(lines, depth + 2)
        else:
            found[key[1]] = _scalar(number, key[2])
    return found, lines


def _items(lines: list[tuple[int, str]], depth: int) -> tuple[list[Any], list[tuple[int, str]]]:
    found: list[Any] = []
    while lines and _depth(lines[0]) == depth and lines[0][1][depth:].startswith("- "):
        found.append(_scalar(lines[0][0], lines[0][1][depth + 2 :]))
        lines = lines[1:]
    return found, lines


def _depth(line: tuple[int, str]) -> int:
    depth = len(line[1]) - len(line[1].lstrip(" "))
    if depth % 2 or "\t" in line[1]:
        raise BadYaml(f"line {line[0]}: blocks are indented by two spaces")
    return depth


def _scalar(number: int, text: str) -> Any:
    if text[0] in '["{':
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise BadYaml(f"line {number}: {error}") from None
    if text[0] in "&*!|>%@`'-" or ": " in text or " #" in text:
        raise BadYaml(f"line {number}: write it in quotes, or as a list in brackets")
    return int(text) if text.isdecimal() else text
