"""Jobs in forks of one server: each in a process of its own that reaches nothing of another, and none is left behind."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.engine.sandbox.children import Children, TookTooLong
from tests.support.deadlines import HANG_S

SERVER = "tests.support.forking"
LIMIT_S = HANG_S


@contextlib.asynccontextmanager
async def children() -> AsyncIterator[Children]:
    before = _of_this_process()
    made = Children(SERVER)
    try:
        yield made
    finally:
        await made.close()
    assert _of_this_process() <= before, "none is left behind"


def _of_this_process() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


async def until_written(path: Path) -> int:
    async with asyncio.timeout(LIMIT_S):
        while not path.exists() or not path.read_text():
            await asyncio.sleep(0.01)
    return int(path.read_text())


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        while Path("/proc", str(pid)).exists():
            await asyncio.sleep(0.01)


async def test_each_job_has_a_process_of_its_own_and_all_have_one_parent() -> None:
    async with children() as made:
        answers = await asyncio.gather(*(made.run(b"who", LIMIT_S) for _ in range(4)))
        pids, parents = zip(*(json.loads(answer) for answer in answers), strict=True)
        assert len(set(pids)) == 4 and len(set(parents)) == 1


async def test_a_job_inherits_no_descriptor_but_those_for_its_answer_and_its_steps(tmp_path: Path) -> None:
    async with children() as made:
        other = asyncio.create_task(made.run(f"hang {tmp_path / 'pid'}".encode(), LIMIT_S))
        await until_written(tmp_path / "pid")
        there = json.loads(await made.run(b"open", LIMIT_S))
        other.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await other
    assert there.keys() <= {"0", "1", "2", "3", "4"} and "answer" in there["3"] and "pipe" in there["4"]
    assert there["0"] == there["1"] == there["2"] == os.devnull, "what a codec prints goes nowhere"


async def test_a_job_that_takes_too_long_is_gone_when_that_is_said(tmp_path: Path) -> None:
    async with children() as made:
        await made.run(b"who", LIMIT_S)  # the server is there: the limit is the job's alone
        asked = asyncio.create_task(made.run(f"hang {tmp_path / 'pid'}".encode(), 2.0))
        pid = await until_written(tmp_path / "pid")
        with pytest.raises(TookTooLong):
            await asked
        assert not Path("/proc", str(pid)).exists()
        assert await made.run(b"next", LIMIT_S) == b"next"


@pytest.mark.parametrize("job", [b"steps", b"flood"])
async def test_how_far_a_job_is_rises_whatever_it_says(job: bytes) -> None:
    async with children() as made:
        told: list[float] = []
        assert await made.run(job, LIMIT_S, told.append) == job
    assert told == sorted(set(told)) and told[-1] == 1.0 and len(told) <= 100


async def test_what_fails_or_answers_too_much_has_no_answer() -> None:
    async with children() as made:
        assert await made.run(b"exit", LIMIT_S) == b""
        assert await made.run(b"much", LIMIT_S) == b""


async def test_when_the_server_is_killed_so_are_its_forks_and_the_job_is_done_by_another(
    tmp_path: Path,
) -> None:
    async with children() as made:
        asked = asyncio.create_task(made.run(f"once {tmp_path / 'server'}".encode(), LIMIT_S))
        server = await until_written(tmp_path / "server")
        forks = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        os.kill(server, signal.SIGKILL)
        assert await asked == b"done"
        for fork in forks:
            await until_gone(int(fork))


async def test_who_is_expected_and_never_asked_ends_with_the_rest() -> None:
    async with children() as made:
        made.expect()
        made.expect()
