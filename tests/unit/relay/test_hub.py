"""The hub without sockets: budgets, batches, effects and who hears of them."""

import msgspec
import pytest

from relay.core.presence import GRACE_US
from relay.services.events import Appended, Followed, Revoked, Row, Unfollowed
from relay.services.hub import Connection, Encoded, Encoding, Hub, Outbox
from relay.wire.events import (
    CLOSE_REVOKED,
    CLOSE_SLOW,
    MAX_BATCH,
    ClientFrame,
    Event,
    Pong,
    RelayFrame,
    SocialNewFollow,
)
from relay.wire.rest import Producer

ANNA, BEN = "a" * 32, "b" * 32
PAYLOAD = SocialNewFollow(follower=Producer(id=BEN, username="ben", display_name="Ben"))


def row(ch: str, off: int) -> Row:
    return Row(ch=ch, off=off, id=f"{off:032x}", at_us=off, payload=PAYLOAD)


def connection(account_id: str = ANNA, encoding: Encoding = Encoding.MSGPACK) -> Connection:
    return Connection(account_id=account_id, device="d", family_id="f" * 32, encoding=encoding)


async def frames(outbox: Outbox) -> list[object]:
    """Everything that waits in a closed outbox."""
    found: list[object] = []
    while (data := await outbox.next_frame()) is not None:
        found += msgspec.msgpack.decode(data, type=RelayFrame)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("count", [1, 15, 16, MAX_BATCH])
async def test_batches_are_frames_of_the_wire(encoding: Encoding, count: int) -> None:
    outbox = Outbox(encoding)
    for r in range(count):
        outbox.offer(Encoded(Pong(r=r)))
    data = await outbox.next_frame()
    assert data is not None
    decode = msgspec.json.decode if encoding is Encoding.JSON else msgspec.msgpack.decode
    assert decode(data, type=RelayFrame) == [Pong(r=r) for r in range(count)]  # type: ignore[call-overload]


async def test_a_frame_never_has_more_than_the_batch() -> None:
    outbox = Outbox(Encoding.MSGPACK)
    for r in range(MAX_BATCH + 1):
        outbox.offer(Encoded(Pong(r=r)))
    first, second = await outbox.next_frame(), await outbox.next_frame()
    assert first and second
    assert len(msgspec.msgpack.decode(first)) == MAX_BATCH and len(msgspec.msgpack.decode(second)) == 1


async def test_a_reader_past_its_budget_is_given_up_and_holds_nothing() -> None:
    outbox = Outbox(Encoding.MSGPACK, limit_bytes=1000)
    message, told = Encoded(Pong(r=1)), []
    outbox.on_slow = lambda: told.append("slow")
    for _ in range(1000):
        outbox.offer(message)
    assert told == ["slow"]
    left = await frames(outbox)
    assert [each.code for each in left] == [CLOSE_SLOW]  # type: ignore[attr-defined]


async def test_a_message_is_encoded_once_for_all_listeners() -> None:
    message = Encoded(Pong(r=1))
    assert message.as_bytes(Encoding.JSON) is message.as_bytes(Encoding.JSON)


async def test_effects_before_the_snapshot_are_dropped_and_later_ones_kept_in_order() -> None:
    hub, mine = Hub("http://r"), connection()
    hub.register(mine, "anna")
    ch = f"user:{ANNA}"
    hub.commit([Appended(commit=1, row=row(ch, 1))])
    hub.commit([Appended(commit=2, row=row(ch, 2)), Appended(commit=2, row=row(ch, 3))])
    hub.go_live(mine, [ch], snapshot_commit=1)
    hub.commit([Appended(commit=3, row=row(ch, 4))])
    mine.outbox.close(3001, "")
    assert [each.o for each in await frames(mine.outbox) if isinstance(each, Event)] == [2, 3, 4]


async def test_following_adds_the_channel_and_unfollowing_ends_it() -> None:
    hub, mine = Hub("http://r"), connection()
    hub.register(mine, "anna")
    hub.go_live(mine, [f"user:{ANNA}"], 0)
    ch = f"author:{BEN}"
    hub.commit([Appended(commit=1, row=row(ch, 1))])
    hub.commit([Followed(commit=2, follower_id=ANNA, followee_id=BEN, epoch="e" * 16, head=1)])
    hub.commit([Appended(commit=3, row=row(ch, 2))])
    hub.commit([Unfollowed(commit=4, follower_id=ANNA, followee_id=BEN)])
    hub.commit([Appended(commit=5, row=row(ch, 3))])
    mine.outbox.close(3001, "")
    told = [(type(each).__name__, getattr(each, "o", None)) for each in await frames(mine.outbox)]
    assert told == [("ChannelAdded", None), ("Event", 2), ("ChannelRemoved", None), ("Disconnect", None)]


async def test_the_end_of_a_sign_in_closes_its_connections_only() -> None:
    hub = Hub("http://r")
    mine, other = (
        connection(),
        Connection(account_id=BEN, device="e", family_id="0" * 32, encoding=Encoding.JSON),
    )
    for each in (mine, other):
        hub.register(each, "somebody")
        hub.go_live(each, [], 0)
    hub.commit([Revoked(commit=1, family_id="f" * 32)])
    assert mine.outbox.closing is not None and mine.outbox.closing.code == CLOSE_REVOKED
    assert other.outbox.closing is None


async def test_presence_reaches_followers_and_not_oneself() -> None:
    hub = Hub("http://r")
    anna, ben = connection(ANNA), connection(BEN)
    for each, name in ((anna, "anna"), (ben, "ben")):
        hub.register(each, name)
        hub.go_live(each, [f"author:{ANNA}"], 0)
    hub.say(anna, status="producing", daw=None, bpm=128.0, now_us=1)
    for each in (anna, ben):
        each.outbox.close(3001, "")
    assert not [each for each in await frames(anna.outbox) if isinstance(each, Event)]
    (seen,) = [each for each in await frames(ben.outbox) if isinstance(each, Event)]
    assert (seen.ch, seen.o, seen.d.username) == ("presence:friends", 0, "anna")  # type: ignore[union-attr]


async def test_a_device_that_is_back_before_its_old_connection_is_gone_has_not_left() -> None:
    """As after a sleep: the old socket is found dead when the new one has long said what the device does."""
    hub = Hub("http://r")
    ben = connection(BEN)
    hub.register(ben, "ben")
    hub.go_live(ben, [f"author:{ANNA}"], 0)
    old, new = connection(ANNA), connection(ANNA)
    for each in (old, new):
        hub.register(each, "anna")
        hub.go_live(each, [], 0)
    hub.say(new, status="producing", daw=None, bpm=128.0, now_us=1)
    hub.remove(old, 2)
    hub.tick(2 + GRACE_US)
    assert hub.presence_of(ANNA, "anna", 2 + GRACE_US).status == "producing"
    hub.remove(new, 3 + GRACE_US)
    hub.tick(3 + 2 * GRACE_US)
    ben.outbox.close(3001, "")
    seen = [each.d.status for each in await frames(ben.outbox) if isinstance(each, Event)]  # type: ignore[union-attr]
    assert seen == ["producing", "offline"]


async def test_a_removed_connection_leaves_nothing_behind() -> None:
    hub, mine = Hub("http://r"), connection()
    hub.register(mine, "anna")
    hub.go_live(mine, [f"user:{ANNA}"], 0)
    hub.remove(mine, 1)
    hub.commit([Appended(commit=1, row=row(f"user:{ANNA}", 1))])
    assert len(hub) == 0 and hub.has_room(ANNA)
    mine.outbox.gone()
    assert await mine.outbox.next_frame() is None


def test_client_frames_are_bounded() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"[" + b'{"t":"ping"},' * MAX_BATCH + b'{"t":"ping"}]', type=ClientFrame)
