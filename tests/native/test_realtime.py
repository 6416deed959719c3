"""The audio thread calls nothing that could wait: no allocation, lock, system call or page fault in process() and mix()."""

import re
import subprocess
from pathlib import Path

from tests.support.deadlines import HANG_S
from tests.support.native import build, run_c_test

MARKER = "getppid("


def counted(output: str) -> tuple[int, int]:
    """Calls and faults as test_realtime.c prints them."""
    found = re.search(r"calls=(\d+) faults=(\d+)", output)
    assert found is not None, output
    return int(found[1]), int(found[2])


def test_process_keep_and_mix_call_nothing_and_fault_nowhere(tmp_path: Path) -> None:
    output = run_c_test("test_realtime", str(tmp_path / "run")).stdout
    assert counted(output) == (0, 0)
    shown = {name: int(number) for name, number in re.findall(r"(mixed|moved)=(\d+)", output)}
    assert shown["mixed"] > 100, "no preview was mixed in, so nothing is shown"
    assert shown["moved"] == 1, "it went on in the Ring that replaces a removed one"


def test_the_trap_catches_a_faulty_build(tmp_path: Path) -> None:
    calls, _ = counted(run_c_test("test_realtime_faulty", str(tmp_path / "run")).stdout)
    assert calls >= 5 * 20_000


def between_markers(trace: str) -> tuple[list[str], int]:
    """Lines of the thread that makes the marker calls, between its two markers; and how many threads there were."""
    by_thread: dict[str, list[str]] = {}
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        by_thread.setdefault(thread, []).append(call.strip())
    for calls in by_thread.values():
        marks = [index for index, call in enumerate(calls) if call.startswith(MARKER)]
        if marks:
            assert len(marks) == 2
            between = calls[marks[0] + 1 : marks[1]]
            # strace splits a call when another thread's comes between: the rest of the marker is no call of its own.
            return [c for c in between if not c.startswith("<... getppid resumed>")], len(by_thread)
    raise AssertionError("no thread made the marker call")


def traced(program: str, tmp_path: Path) -> tuple[list[str], int]:
    log = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-o", log, build("tests") / "plain/tests" / program, tmp_path / "run"],
        check=True,
        timeout=HANG_S,
        capture_output=True,
    )
    return between_markers(log.read_text())


def test_strace_sees_no_system_call_between_the_markers(tmp_path: Path) -> None:
    calls, threads = traced("test_realtime", tmp_path)
    assert calls == []
    assert threads >= 2  # the host's and the worker: it was the whole client that ran


def test_strace_sees_the_faulty_build(tmp_path: Path) -> None:
    calls, _ = traced("test_realtime_faulty", tmp_path)
    assert sum(call.startswith("write(-1") for call in calls) >= 20_000
