"""Frames: a message cut into parts, on wires that lose, repeat and mix."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from relay.engine.bus.frames import Listeners, Outbox


def pair() -> tuple[Listeners, list[bytes]]:
    heard: list[bytes] = []
    listeners = Listeners()
    listeners.add("news", heard.append, heard.clear)
    return listeners, heard


@given(
    st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 16), st.sets(st.integers(0, 40), max_size=6)
)
def test_what_is_heard_was_told_whole_and_in_order(
    messages: list[bytes], part_bytes: int, lost: set[int]
) -> None:
    """Whatever frames are lost: each message is heard whole or not at all, and every one of which nothing was lost."""
    sender, receiver = Listeners(), pair()
    expected, at = [], 0
    for message in messages:
        frames = sender.frames("news", message, part_bytes)
        kept = [frame for number, frame in enumerate(frames, at) if number not in lost]
        at += len(frames)
        if len(kept) == len(frames):
            expected.append(message)
        for frame in kept:
            receiver[0].heard(frame)
    assert receiver[1] == expected


def test_two_senders_parts_do_not_mix() -> None:
    (receiver, heard), a, b = pair(), Listeners(), Listeners()
    for one, other in zip(a.frames("news", b"aaaa", 1), b.frames("news", b"bbbb", 1), strict=True):
        receiver.heard(one)
        receiver.heard(other)
    assert heard == [b"aaaa", b"bbbb"]


@given(st.binary(max_size=60))
def test_what_is_no_frame_is_left(data: bytes) -> None:
    receiver, heard = pair()
    receiver.heard(data)
    assert heard == []


def test_an_outbox_is_bounded_and_says_so() -> None:
    outbox = Outbox()
    outbox.put([b"%d" % number for number in range(Outbox.MAX_FRAMES)])
    assert not outbox.lost
    outbox.put([b"last"])
    assert outbox.lost
    assert outbox.take(1) == [b"1"]
    outbox.clear()
    assert not outbox and not outbox.lost


def test_a_relay_that_is_alone_loads_no_client() -> None:
    program = (
        "import asyncio, sys\n"
        "from relay.engine.bus.open import open_bus\n"
        "asyncio.run(open_bus('memory:').start())\n"
        "assert not {'valkey', 'psycopg'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
