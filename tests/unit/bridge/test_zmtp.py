"""ZMTP as the daemon reads it: the same from any cut of the bytes, and an end to whoever does not keep to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.zmtp import OPENING, Incoming, ZmtpError, message

DEALER = OPENING.replace(b"ROUTER", b"DEALER")


@given(st.lists(st.binary(max_size=700), max_size=20), st.lists(st.integers(1, 400), min_size=1))
def test_messages_are_the_same_however_the_bytes_are_cut(said: list[bytes], cuts: list[int]) -> None:
    stream, incoming, heard = DEALER + b"".join(map(message, said)), Incoming(700), []
    at, number = 0, 0
    while at < len(stream):
        step = cuts[number % len(cuts)]
        heard += incoming.feed(stream[at : at + step])
        at, number = at + step, number + 1
    assert heard == said and incoming.is_open


def test_messages_of_several_parts_and_commands_are_passed_over_and_counted() -> None:
    incoming = Incoming(100)
    parts = b"\x01\x01a" + b"\x01\x01b" + b"\x00\x01c"
    assert incoming.feed(DEALER + parts + b"\x04\x05\x04PING" + message(b"whole")) == [b"whole"]
    assert incoming.parts_dropped == 1


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"GET / HTTP/1.1", "no ZMTP"),
        (DEALER[:10] + b"\x02" + DEALER[11:], "not ZMTP 3"),
        (DEALER[:12] + b"CURVE" + DEALER[17:], "not NULL"),
        (DEALER[:64] + message(b"too early"), "no READY"),
        (DEALER[:64] + b"\x04\x06\x05ERROR", "no READY"),
        (DEALER + b"\x08\x01x", "reserved"),
        (DEALER + message(b"x" * 101), "101 bytes; 100 are allowed"),
        (DEALER + b"\x02" + b"\xff" * 8, "are allowed"),
    ],
)
def test_whoever_does_not_keep_to_it_is_refused(stream: bytes, why: str) -> None:
    with pytest.raises(ZmtpError, match=why):
        Incoming(100).feed(stream)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(rubbish: bytes) -> None:
    for start in (b"", DEALER):
        try:
            Incoming(64).feed(start + rubbish)
        except ZmtpError:
            continue
