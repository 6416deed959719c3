"""Golden bytes of the relay's WebSocket, read and written by both ends in both encodings."""

import pytest

from relay.wire import events
from relay.wire.events import Frames, read_payload
from tests.wire.relay_vectors import FOLDER, FROM_CLIENT, PAYLOADS, encode, files, from_relay

ENCODINGS = ("json", "msgpack")


def tags(union: object) -> set[str]:
    return {str(kind.__struct_config__.tag) for kind in union.__args__}  # type: ignore[attr-defined]


def test_every_message_and_payload_has_a_vector() -> None:
    said = {
        type(each).__struct_config__.tag for each in (*FROM_CLIENT.values(), *from_relay("json").values())
    }
    assert said == tags(events.FromClient) | tags(events.FromRelay)
    assert {type(each).__struct_config__.tag for each in PAYLOADS.values()} == tags(events.Payload)


def test_the_files_are_those_and_no_others() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(files())


@pytest.mark.parametrize("name", sorted(files()))
def test_what_is_written_today_is_what_was_written_then(name: str) -> None:
    """Deployed ends read these bytes. New fields with a default may join, so change them on purpose only."""
    assert files()[name] == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", sorted(FROM_CLIENT))
def test_the_relay_reads_what_a_client_wrote(name: str, encoding: str) -> None:
    data = (FOLDER / f"client-{name.replace(' ', '-')}.{encoding}").read_bytes()
    assert Frames(json=encoding == "json").of_client(data) == [FROM_CLIENT[name]]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", sorted(from_relay("json")))
def test_a_client_reads_what_the_relay_wrote(name: str, encoding: str) -> None:
    data = (FOLDER / f"relay-{name.replace(' ', '-')}.{encoding}").read_bytes()
    number, (message,) = Frames(json=encoding == "json").of_relay(data)
    assert number == 41 and message is not None
    wanted = from_relay(encoding)[name]
    assert encode(encoding, message) == encode(encoding, wanted)
    told = message.events if isinstance(message, events.Connected) else [message]
    for each in told:
        if isinstance(each, events.Event):
            assert read_payload(each, json=encoding == "json") in PAYLOADS.values()
