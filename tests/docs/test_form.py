"""The form of the code where no linter looks: a function does one thing, which is told by how long it is.

What it takes is not counted (a command's options are its help), nor what it says of itself, nor the functions in it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 40
PACKAGES = ("plugin_protocol", "bridge", "sandbox", "audio", "daemon", "relay", "tray")
# A wait of so many seconds, or a duration held against them: what a machine under load breaks, and no fault of ours.
FEW_SECONDS = re.compile(
    r"asyncio\.timeout\([1-9][\d.]*\)|(?:monotonic|perf_counter)\(\) - \w+ < [\d.]+ *(?:,|$)", re.MULTILINE
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
TABLES = {  # of one case a line, to be read whole
    "plugin_protocol/make_vectors.py bad_messages",
}


def long_functions() -> Iterator[str]:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function) and own_lines(node) > MAX_LINES:
                yield f"{path.relative_to(ROOT).as_posix()} {node.name}"


def own_lines(function: Function) -> int:
    own = function.body[1:] if ast.get_docstring(function) else function.body
    within = [node for statement in own for node in ast.walk(statement) if isinstance(node, Function)]
    lines = {line for statement in own for line in span(statement)}
    return len(lines - {line for node in within for line in span(node)})


def span(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def test_no_function_is_longer_than_forty_lines() -> None:
    assert set(long_functions()) == TABLES


def test_no_task_of_a_relay_waits_by_what_may_lose_that_it_is_cancelled() -> None:
    """asyncio.wait_for of Python 3.11 gives what it waited for to a task that was cancelled at the same moment, which then never ends."""
    for path in (ROOT / "relay").rglob("*.py"):
        assert "asyncio.wait_for(" not in path.read_text(encoding="utf-8"), path


def test_no_test_decides_by_a_few_seconds() -> None:
    """tests/support/deadlines.py says by what instead."""
    for path in (ROOT / "tests").rglob("*.py"):
        assert not FEW_SECONDS.findall(path.read_text(encoding="utf-8")), path
    for seconds in ("5", "0.5"):
        assert bool(FEW_SECONDS.search(f"async with asyncio.timeout({seconds}):")) == (seconds == "5"), (
            "what shall end"
        )
        assert FEW_SECONDS.search(f'    assert time.monotonic() - began < {seconds}, "at once"')
