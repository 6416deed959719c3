"""Frames of the WebSocket as they leave: batches, numbers, budgets, each message encoded once."""

import msgspec
import pytest

from relay.core.visibility import Audience
from relay.features.live.batch import Batch, Round
from relay.features.live.encoding import Encoded, Encoding
from relay.features.live.outbox import Outbox
from relay.features.live.telling import Addressed, Message
from relay.wire.events import (
    CLOSE_SHUTDOWN,
    CLOSE_SLOW,
    MAX_BATCH,
    Disconnect,
    Pong,
)
from tests.support.hub_desk import EPOCH, FRAMES, PAYLOAD, happened, messages


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("count", [1, 14, 15, 16, MAX_BATCH])
async def test_batches_are_frames_of_the_wire(encoding: Encoding, count: int) -> None:
    outbox = Outbox(encoding)
    for r in range(count):
        outbox.offer(Encoded(Pong(r=r)))
    data = outbox.next_frame()
    assert data is not None
    assert FRAMES[encoding].of_relay(data) == (1, [Pong(r=r) for r in range(count)])


async def test_a_frame_never_has_more_than_the_batch_and_the_next_goes_on_counting() -> None:
    outbox = Outbox(Encoding.MSGPACK)
    for r in range(MAX_BATCH + 1):
        outbox.offer(Encoded(Pong(r=r)))
    first, second = outbox.next_frame(), outbox.next_frame()
    assert first and second
    of_relay = FRAMES[Encoding.MSGPACK].of_relay
    assert (of_relay(first)[0], len(of_relay(first)[1])) == (1, MAX_BATCH)
    assert of_relay(second) == (MAX_BATCH + 1, [Pong(r=MAX_BATCH)])


async def test_what_is_sent_at_once_is_counted_too() -> None:
    outbox = Outbox(Encoding.MSGPACK)
    assert FRAMES[Encoding.MSGPACK].of_relay(outbox.numbered(Encoded(Pong()))) == (1, [Pong()])
    outbox.offer(Encoded(Pong(r=2)))
    data = outbox.next_frame()
    assert data and FRAMES[Encoding.MSGPACK].of_relay(data) == (2, [Pong(r=2)])


class Recorder:
    """Writes at once while there is room. told: what else it was asked."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.room = [True]
        self.told: list[str] = []

    def write_now(self, data: bytes, is_text: bool, /) -> bool:
        if self.room:
            self.written.append(data)
        return bool(self.room)

    def wake(self) -> None:
        self.told.append("wake")

    def give_up(self) -> None:
        self.told.append("slow")


async def test_what_is_flushed_goes_out_at_once_in_one_frame_and_never_before_what_is_on_its_way() -> None:
    outbox, writer = Outbox(Encoding.MSGPACK), Recorder()
    written, room = writer.written, writer.room
    outbox.goes_to(writer)
    assert [outbox.add(Encoded(Pong(r=r))) for r in (1, 2)] == [True, False]
    outbox.flush()
    outbox.flush()
    assert [FRAMES[Encoding.MSGPACK].of_relay(each) for each in written] == [(1, [Pong(r=1), Pong(r=2)])]
    room.clear()  # the reader is behind: the rest waits for the task that writes
    outbox.add(Encoded(Pong(r=3)))
    outbox.flush()
    data = outbox.next_frame()
    assert data is not None and FRAMES[Encoding.MSGPACK].of_relay(data) == (3, [Pong(r=3)])
    room.append(True)  # which has not written it yet
    outbox.add(Encoded(Pong(r=4)))
    outbox.flush()
    assert len(written) == 1
    outbox.sent()
    outbox.flush()
    assert FRAMES[Encoding.MSGPACK].of_relay(written[1]) == (4, [Pong(r=4)])
    outbox.close(CLOSE_SHUTDOWN, "")
    outbox.flush()
    assert len(written) == 2
    data = outbox.next_frame()
    assert data is not None and outbox.next_frame() is None


async def test_a_batch_is_put_together_once_for_all_who_are_at_the_same_number() -> None:
    here, there, behind = (Outbox(Encoding.MSGPACK) for _ in range(3))
    writers = [Recorder() for _ in range(3)]
    for outbox, writer in zip((here, there, behind), writers, strict=True):
        outbox.goes_to(writer)
    behind.numbered(Encoded(Pong()))  # it has been sent one more
    told, first, second = Round(), Encoded(Pong(r=1)), Encoded(Pong(r=2))
    told.add(first, (here, there, behind))
    told.add(second, (there, behind))
    for outbox in told.take(9):
        outbox.flush()
    assert told.take(9) == [] and here.batch is None
    of_relay = FRAMES[Encoding.MSGPACK].of_relay
    assert [[of_relay(each) for each in writer.written] for writer in writers] == [
        [(1, [Pong(r=1)])],
        [(1, [Pong(r=1), Pong(r=2)])],
        [(2, [Pong(r=1), Pong(r=2)])],
    ]
    batch = Batch().then(first).then(second)
    assert batch.frame(Encoding.JSON, 7) is batch.frame(Encoding.JSON, 7)


async def test_a_batch_too_long_for_a_frame_waits_and_one_after_the_last_word_is_dropped() -> None:
    outbox, writer = Outbox(Encoding.MSGPACK), Recorder()
    outbox.goes_to(writer)
    for r in range(MAX_BATCH + 1):
        outbox.add(Encoded(Pong(r=r)))
    outbox.flush()
    numbers = [FRAMES[Encoding.MSGPACK].of_relay(each)[0] for each in writer.written]
    assert (numbers, writer.told) == ([1], ["wake"])
    outbox.add(Encoded(Pong(r=70)))
    outbox.close(CLOSE_SHUTDOWN, "")
    outbox.add(Encoded(Pong(r=71)))
    outbox.flush()
    data = outbox.next_frame()
    assert data is not None and outbox.next_frame() is None and len(writer.written) == 1
    number, left = FRAMES[Encoding.MSGPACK].of_relay(data)
    assert (number, left[:2]) == (MAX_BATCH + 1, [Pong(r=MAX_BATCH), Pong(r=70)])
    assert isinstance(left[2], Disconnect) and len(left) == 3


async def test_a_reader_past_its_budget_is_given_up_and_holds_nothing() -> None:
    outbox = Outbox(Encoding.MSGPACK, limit_bytes=1000)
    message, writer = Encoded(Pong(r=1)), Recorder()
    outbox.goes_to(writer)
    for _ in range(1000):
        outbox.offer(message)
    assert writer.told == ["wake", "slow", "wake"], "woken for the first, and for the last word"
    left = await messages(outbox)
    assert [each.code for each in left] == [CLOSE_SLOW]  # type: ignore[union-attr]


async def test_a_message_is_encoded_once_for_all_listeners() -> None:
    message = Encoded(Pong(r=1))
    assert message.as_bytes(Encoding.JSON) is message.as_bytes(Encoding.JSON)
    event = Message(happened(1), Addressed(payload=PAYLOAD, audience=Audience.EVERYBODY), EPOCH)
    assert event.as_bytes(Encoding.MSGPACK) is event.as_bytes(Encoding.MSGPACK)


def test_client_frames_are_bounded() -> None:
    ping = b'{"t":"ping"}'
    assert len(FRAMES[Encoding.JSON].of_client(b"[" + b",".join([ping] * MAX_BATCH) + b"]")) == MAX_BATCH
    for count in (0, MAX_BATCH + 1):
        with pytest.raises(msgspec.ValidationError):
            FRAMES[Encoding.JSON].of_client(b"[" + b",".join([ping] * count) + b"]")
