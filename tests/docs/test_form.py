"""The form of the code where no linter looks: a function does one thing."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 40
PACKAGES = ("plugin_protocol", "bridge", "sandbox", "audio", "tray")
TABLES = {  # of one case a line, to be read whole
    "plugin_protocol/make_vectors.py bad_messages",
    "plugin_protocol/make_vectors.py bad_layouts",
}


def long_functions() -> Iterator[str]:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_LINES:
                    yield f"{path.relative_to(ROOT).as_posix()} {node.name}"


def test_no_function_is_longer_than_forty_lines() -> None:
    assert set(long_functions()) == TABLES
