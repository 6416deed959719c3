"""The C client's modules, held as import-linter holds the Python: each knows only those below it, none knows the whole."""

import re
from pathlib import Path

import pytest

from tests.support.native import SOURCES

INCLUDE = re.compile(r'^#include "(?:\.\./)?(\w+)\.h"', re.MULTILINE)
SYSTEM = re.compile(r"_(linux|macos|posix|windows|unix|pipe)$")  # segment_linux.c is a body of segment.h
WHOLE = {"client", "client_step", "client_preview", "client_window"}  # what puts a client together

# From the top down; those of one layer do not know each other.
LAYERS: tuple[set[str], ...] = (
    WHOLE,
    {"session", "rings", "keeps", "preview", "window", "events", "worker"},
    {"port", "move", "player", "return_ring", "wire", "messages_ask", "messages_decode"},
    {"ring", "segment", "messages", "zmtp"},
    {"timeline", "interleave", "msgpack", "sidechain_window", "security"},
    {"sidechain", "text", "platform", "slot"},
    {"layout_gen"},
)


def includes(folder: Path) -> dict[str, set[str]]:
    """Module -> modules that its files include; a module is a header with its bodies."""
    found: dict[str, set[str]] = {}
    for path in sorted([*folder.glob("*.h"), *folder.glob("*.c")]):
        module = SYSTEM.sub("", path.stem)
        used = {SYSTEM.sub("", name) for name in INCLUDE.findall(path.read_text(encoding="utf-8"))}
        found.setdefault(module, set()).update(used)
        found[module].discard(module)
    return found


GRAPH = includes(SOURCES)


def layer_of(module: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if module in layer)


def test_each_module_has_its_layer() -> None:
    assert sorted(GRAPH) == sorted(module for layer in LAYERS for module in layer)


@pytest.mark.parametrize("module", sorted(GRAPH.keys() - WHOLE))
def test_a_module_includes_only_what_lies_below_it(module: str) -> None:
    """So the graph has no cycle, and nobody knows client.h from below."""
    assert not {other for other in GRAPH[module] if layer_of(other) <= layer_of(module)}


def test_only_the_composition_knows_the_client() -> None:
    assert {module for module, used in GRAPH.items() if "client" in used} == WHOLE - {"client"}


def test_the_program_that_plays_knows_only_what_hosts_know() -> None:
    own = includes(SOURCES / "play")
    assert set().union(*own.values()) - own.keys() <= {"sidechain"}
