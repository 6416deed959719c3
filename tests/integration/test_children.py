"""The one door to child processes, with real ones that answer, lie, hang and die."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

import daemon
from daemon.system.children import Child, ChildDied, run_once
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
MAX_BYTES = 1024
HOME = str(Path(daemon.__path__[0]).parent)

CHILD = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import msgspec
from msgspec import Struct
from daemon.system.child import Frames
class Ask(Struct, tag="ask"):
    what: str
class Answer(Struct, tag="answer"):
    text: str
frames = Frames(msgspec.msgpack.Decoder(Ask), 1 << 32)
print("a library prints")
os.write(1, b"a codec in C prints")
while ask := frames.next():
    if ask.what == "die":
        os._exit(3)
    if ask.what == "long":
        frames.say(Answer(text="x" * 4096))
    if ask.what == "noise":
        frames._out.write(b"\\x04\\0\\0\\0\\xc1\\xc1\\xc1\\xc1")
    if ask.what == "hang":
        while True:
            time.sleep(1)
    if ask.what == "two":
        frames.say(Answer(text="first"))
    frames.say(Answer(text=f"{ask.what} {os.getpid()}"))
"""


class Ask(msgspec.Struct, tag="ask"):
    what: str


class Answer(msgspec.Struct, tag="answer"):
    text: str


def command() -> list[str]:
    return [sys.executable, "-c", CHILD, HOME]


Make = Callable[..., Child[Answer]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Child[Answer]] = []

    def one(idle_s: float | None = None) -> Child[Answer]:
        decoder = msgspec.msgpack.Decoder(Answer)
        made.append(Child(command, decoder, max_answer_bytes=MAX_BYTES, idle_s=idle_s))
        return made[-1]

    yield one
    for child in made:
        await child.stop()


async def ask(child: Child[Answer], what: str, limit_s: float = LIMIT_S) -> str:
    async with child.conversation(limit_s) as talk:
        await talk.say(Ask(what=what))
        return (await talk.hear()).text


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        while Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.01)


async def test_one_child_answers_one_after_the_other(make: Make) -> None:
    child = make()
    await child.warm()
    answers = await asyncio.gather(*(ask(child, f"{n}") for n in range(20)))
    assert [text.split()[0] for text in answers] == [f"{n}" for n in range(20)]
    assert len({text.split()[1] for text in answers}) == 1, "the same process"


@pytest.mark.parametrize("what", ["die", "long", "noise"])
async def test_one_that_dies_or_lies_costs_its_question_and_no_other(make: Make, what: str) -> None:
    child = make()
    first = (await ask(child, "well")).split()[1]
    with pytest.raises(ChildDied):
        await ask(child, what)
    second = (await ask(child, "well")).split()[1]
    assert second != first
    await until_gone(int(first))


async def test_one_that_hangs_is_ended_at_its_limit(make: Make) -> None:
    child = make()
    pid = int((await ask(child, "well")).split()[1])
    with pytest.raises(TimeoutError):
        await ask(child, "hang", limit_s=0.2)
    await until_gone(pid)
    assert (await ask(child, "well")).startswith("well")


async def test_an_answer_that_was_not_heard_to_its_end_is_nobody_elses(make: Make) -> None:
    child = make()
    with pytest.raises(KeyError):
        async with child.conversation(LIMIT_S) as talk:
            await talk.say(Ask(what="two"))
            await talk.hear()
            raise KeyError
    assert (await ask(child, "well")).startswith("well")
    hanging = asyncio.create_task(ask(child, "hang"))
    await asyncio.sleep(0)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    assert (await ask(child, "well")).startswith("well")


async def test_who_gives_up_waiting_for_a_turn_does_not_end_the_childs_work(make: Make) -> None:
    child = make()
    async with child.conversation(LIMIT_S) as talk:
        await talk.say(Ask(what="two"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(child, "another")
        assert (await talk.hear()).text == "first"
        assert (await talk.hear()).text.startswith("two")


async def test_one_without_work_is_ended_and_comes_again(make: Make) -> None:
    child = make(idle_s=0.05)
    pid = int((await ask(child, "well")).split()[1])
    await until_gone(pid)
    assert (await ask(child, "well")).startswith("well")


async def test_a_child_that_does_one_thing_is_heard_or_ended() -> None:
    echo = (
        "import sys; data = sys.stdin.read(); print(data); print('err', file=sys.stderr); sys.exit(len(data))"
    )
    ended = await run_once([sys.executable, "-c", echo], b"four", LIMIT_S)
    assert (ended.code, ended.out.split(), ended.err.split()) == (4, [b"four"], [b"err"])


async def test_a_child_that_does_one_thing_and_hangs_is_ended(tmp_path: Path) -> None:
    """At its limit, and with whoever waits for it."""
    hangs = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(600)"
    said = tmp_path / "pid"
    command = [sys.executable, "-c", hangs, str(said)]
    with pytest.raises(TimeoutError):
        await run_once(command, b"", 0.0)
    waiting = asyncio.create_task(run_once(command, b"", LIMIT_S))
    async with asyncio.timeout(LIMIT_S):
        while not said.exists() or not said.read_text().endswith("\n"):
            await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await until_gone(int(said.read_text()))
