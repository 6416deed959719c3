import time
import tracemalloc

import msgspec
import pytest

from bridge import control
from plugin_protocol.codec import CONTROL_LIMITS, PLUGIN_LIMITS, decode, encode
from plugin_protocol.errors import CodecError, LocalProtocolError
from plugin_protocol.message_base import MAX_MESSAGE_BYTES
from plugin_protocol.messages import FromPlugin, Goodbye, Heartbeat, Notice


def packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def test_fields_of_a_newer_peer_are_skipped() -> None:
    data = packed({"t": "heartbeat", "process_count": 1, "playing": True, "mood": [1, {"a": "b"}]})
    assert decode(data, FromPlugin) == Heartbeat(process_count=1, playing=True)


def test_memoryview_is_read_as_bytes_are() -> None:
    assert decode(memoryview(encode(Goodbye())), FromPlugin) == Goodbye()


@pytest.mark.parametrize(
    ("field", "least"),
    [
        ("array", [0] * (PLUGIN_LIMITS.array + 1)),
        ("map", {str(i): 0 for i in range(PLUGIN_LIMITS.map + 1)}),
        ("str_bytes", "x" * (PLUGIN_LIMITS.str_bytes + 1)),
        ("bin_bytes", b"x" * (PLUGIN_LIMITS.bin_bytes + 1)),
        ("depth", [[[[[[[[0]]]]]]]]),
        ("containers", [[[]] * 512] * 2),
    ],
)
def test_each_limit_holds_at_its_number(field: str, least: object) -> None:
    with pytest.raises(CodecError):
        decode(packed({"t": "goodbye", "x": least}), FromPlugin)
    larger = msgspec.structs.replace(PLUGIN_LIMITS, **{field: getattr(PLUGIN_LIMITS, field) * 8})
    assert decode(packed({"t": "goodbye", "x": least}), FromPlugin, larger) == Goodbye()


def test_message_one_byte_too_long_is_refused_unread() -> None:
    assert PLUGIN_LIMITS.message_bytes == MAX_MESSAGE_BYTES
    with pytest.raises(CodecError, match="65537 bytes"):
        decode(b"\xc0" * (MAX_MESSAGE_BYTES + 1), FromPlugin)


BOMBS = {
    "empty maps": b"\xdc\x02\x00" + (b"\xdc\x02\x00" + b"\x80" * 512) * 127,
    "nils": b"\xdc\x02\x00" + (b"\xdc\x02\x00" + b"\xc0" * 512) * 127,
    "nested arrays": b"\x91" * MAX_MESSAGE_BYTES,
    "nested maps": b"\x81\xa1a" * 21_000,
    "lying map": b"\xdf\xff\xff\xff\xff" + b"\xa1a\xc0" * 20_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_64_kib_costs_little(name: str) -> None:
    bomb = BOMBS[name][:MAX_MESSAGE_BYTES]
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(CodecError):
        decode(bomb, FromPlugin)
    cost_s, cost_bytes = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cost_bytes < 5 << 20
    assert cost_s < 0.1  # about 2 ms alone; the bound allows for a busy machine and tracing


def test_a_message_out_of_bounds_never_leaves() -> None:
    with pytest.raises(LocalProtocolError, match="Notice must not be sent"):
        encode(Notice(kind="posted", message="x" * 513))


def full_take() -> control.TakeInfo:
    return control.TakeInfo(
        take_id="i" * 64,
        title="é" * 120,
        created_us=1 << 60,
        frames=1 << 40,
        sample_rate_hz=768_000.0,
        channels=2,
        bars=64,
        bpm=999.9,
        meter="255/128",
        note="é" * 512,
        state="é" * 64,
        entry_state="é" * 64,
        post_url="é" * 1024,
        lufs_in=-70.1,
        lufs_out=-14.1,
        dbtp_out=-1.1,
        gain_db=60.1,
        loudness_reason="é" * 64,
        error="é" * 512,
    )


def test_the_longest_control_replies_fit() -> None:
    takes = control.TakeList(id=1, takes=[full_take()] * control.MAX_LIST)
    data = encode(takes, CONTROL_LIMITS)
    assert len(data) > MAX_MESSAGE_BYTES
    assert decode(data, control.ToClient, CONTROL_LIMITS) == takes
    instance = control.InstanceInfo(
        instance="0" * 32, host_name="é" * 512, track_name="é" * 512, pid=1, state="x"
    )
    everybody = control.InstanceList(id=1, instances=[instance] * 1_024)
    assert decode(encode(everybody, CONTROL_LIMITS), control.ToClient, CONTROL_LIMITS) == everybody
