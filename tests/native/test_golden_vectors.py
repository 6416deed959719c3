"""The golden vectors, read by the C side: a plugin's message comes out with the same bytes again, a daemon's message
with the same fields, and what must be refused is refused."""

import json
from pathlib import Path

import pytest

from plugin_protocol.layout import pack_record, unpack_record
from tests.support.native import ROOT, run_c_test

VECTORS = ROOT / "plugin_protocol" / "vectors"
MESSAGES = sorted(
    path.stem for path in VECTORS.glob("*.json") if json.loads(path.read_text())["kind"] == "message"
)
REFUSED = sorted(
    path.stem
    for path in VECTORS.glob("*.json")
    if json.loads(path.read_text()).get("door") in ("FromPlugin", "FromDaemon")
)
# Well-formed msgpack that only a bound on a plugin's field refuses: the C side writes those fields, and reads none.
BOUNDS_OF_PLUGIN_FIELDS = {
    "bad_bars_65",
    "bad_id_negative",
    "bad_instance_15",
    "bad_instance_text",
    "bad_no_field",
    "bad_pid_true",
    "bad_segment_path",
    "bad_track_long",
    "bad_feed_limit_21",
    "bad_export_kind",
    "bad_follow_nobody",
    "bad_open_page_kind",
    "bad_take_no_id",
    "bad_takes_limit_0",
    "bad_like_bit",
    "bad_reaction_6",
}
NOT_SHOWN = {"proto", "have", "need"}  # checked or repeated in `message`
IN_THE_HEADER = {"sample_rate_hz", "channels", "capacity_frames"}  # of a Return Ring: read from there


def told(name: str, variant: str) -> tuple[dict[str, str], str]:
    """What test_vectors.c prints of a vector: its fields, and its last line."""
    vector = json.loads((VECTORS / f"{name}.json").read_text())
    sender = "daemon" if "FromDaemon" in str(vector) or "daemon -> plugin" in str(vector) else "plugin"
    lines = run_c_test(
        "test_vectors", sender, str(VECTORS / f"{name}.bin"), variant=variant
    ).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line), lines[-1]


@pytest.mark.parametrize("variant", ["plain", "asan"])
@pytest.mark.parametrize("name", MESSAGES)
def test_messages_mean_the_same_on_both_sides(name: str, variant: str) -> None:
    vector = json.loads((VECTORS / f"{name}.json").read_text())
    found, last = told(name, variant)
    if vector["direction"] == "plugin -> daemon":
        assert last == "same bytes"
    else:
        assert found["t"] == vector["type"]
    for field, value in vector["fields"].items():
        if value is None:
            assert found.get(field, "") in ("", "0")
        elif vector["type"] == "preview_opened" and field in IN_THE_HEADER:
            assert field not in found
        elif isinstance(value, float):
            assert float(found[field]) == value
        elif field not in NOT_SHOWN and field != "instance":
            assert found[field] == str(value)


@pytest.mark.parametrize("name", sorted(set(REFUSED) - BOUNDS_OF_PLUGIN_FIELDS))
def test_what_must_be_refused_is_refused(name: str) -> None:
    _, last = told(name, "asan")
    assert last == "refused"


@pytest.mark.parametrize("name", sorted(path.stem for path in VECTORS.glob("*return_*.bin")))
def test_headers_of_return_rings(name: str) -> None:
    lines = run_c_test(
        "test_vectors", "return", str(VECTORS / f"{name}.bin"), variant="asan"
    ).stdout.splitlines()
    if name.startswith("bad_"):
        assert lines == ["refused"]
    else:
        fields = json.loads((VECTORS / f"{name}.json").read_text())["fields"]
        assert dict(line.split("=") for line in lines) == {
            key: str(fields[key]) for key in ("generation", "capacity_frames", "channels")
        }


def test_the_vectors_are_there() -> None:
    assert {"hello", "ring_opened", "ring_closed", "heartbeat", "keep_bars", "goodbye"} <= set(MESSAGES)
    assert {"welcome", "refused", "ring_attached", "alive", "kept", "keep_failed", "notice"} <= set(MESSAGES)
    assert len(REFUSED) > 10


def test_record_vector_is_what_the_layout_says() -> None:
    data = Path(VECTORS / "record.bin").read_bytes()
    index = json.loads((VECTORS / "record.json").read_text())["index"]
    record = unpack_record(index, data)
    assert record is not None
    assert pack_record(index, record) == data
