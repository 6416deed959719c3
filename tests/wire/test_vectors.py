"""Golden bytes, read and written by the Python side. The C client's tests read the same files."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import plugin_protocol
from plugin_protocol import layout, make_vectors, return_ring
from plugin_protocol.codec import decode, encode
from plugin_protocol.errors import CodecError, LayoutError
from plugin_protocol.messages import FromDaemon, FromPlugin

FOLDER = Path(plugin_protocol.__file__).parent / "vectors"
MEANINGS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))
}
UNIONS = {"plugin -> daemon": FromPlugin, "daemon -> plugin": FromDaemon}


def named(kind: str) -> list[str]:
    return [name for name, meaning in MEANINGS.items() if meaning["kind"] == kind]


def test_vectors_are_fresh_and_complete() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(make_vectors.files())
    assert make_vectors.main(["--check"]) == 0


def test_every_message_has_a_vector() -> None:
    tags = {cls.__struct_config__.tag for union in UNIONS.values() for cls in union.__args__}
    assert {MEANINGS[name]["type"] for name in named("message")} == tags


@pytest.mark.parametrize("name", named("message"))
def test_message_reads_as_its_json_says_and_writes_the_same_bytes(name: str) -> None:
    meaning, data = MEANINGS[name], (FOLDER / f"{name}.bin").read_bytes()
    message = decode(data, UNIONS[meaning["direction"]])
    plain = msgspec.to_builtins(message, builtin_types=(bytes,))
    assert plain.pop("t") == meaning["type"]
    assert {k: v.hex() if isinstance(v, bytes) else v for k, v in plain.items()} == meaning["fields"]
    assert encode(message) == data


@pytest.mark.parametrize("name", named("refused"))
def test_bad_bytes_are_refused_by_their_door(name: str) -> None:
    door, data = MEANINGS[name]["door"], (FOLDER / f"{name}.bin").read_bytes()
    if door == "header":
        with pytest.raises(LayoutError) as refused:
            layout.unpack_header(data, make_vectors.HEADER.total_bytes)
        assert MEANINGS[name]["why"].startswith(refused.value.field)
    elif door == "return":
        with pytest.raises(LayoutError) as refused:
            return_ring.unpack_header(data, make_vectors.RETURN_HEADER.total_bytes)
        assert MEANINGS[name]["why"].startswith(refused.value.field)
    elif door == "record":
        assert layout.unpack_record(make_vectors.RECORD_INDEX, data) is None
    else:
        with pytest.raises(CodecError):
            decode(data, {"FromPlugin": FromPlugin, "FromDaemon": FromDaemon}[door])


def test_header_and_record_read_back() -> None:
    header = layout.unpack_header((FOLDER / "header.bin").read_bytes(), make_vectors.HEADER.total_bytes)
    assert header == make_vectors.HEADER
    back = return_ring.unpack_header(
        (FOLDER / "return_header.bin").read_bytes(), make_vectors.RETURN_HEADER.total_bytes
    )
    assert back == make_vectors.RETURN_HEADER
    record = layout.unpack_record(MEANINGS["record"]["index"], (FOLDER / "record.bin").read_bytes())
    assert record == make_vectors.RECORD
