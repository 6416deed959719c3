"""SPEC.md says what the code does."""

import itertools
import re
from pathlib import Path

import msgspec

from plugin_protocol import draw_spec, layout
from plugin_protocol.make_vectors import HEADER, INSTANCE, RECORD
from plugin_protocol.session import SENDS

TEXT = Path(draw_spec.SPEC).read_text(encoding="utf-8")


def part(name: str) -> str:
    found = re.search(rf"<!-- drawn: {name} -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def rows(name: str) -> dict[str, tuple[int, str]]:
    """field -> (offset, type) of a byte table."""
    table = re.findall(r"^\| (0x[0-9a-f]+) \| ([^|]+) \| (\w+) \|", part(name), re.MULTILINE)
    return {field: (int(at, 16), kind) for at, kind, field in table}


def test_drawn_parts_are_fresh_and_all_there() -> None:
    assert draw_spec.main(["--check"]) == 0
    assert set(re.findall(r"<!-- drawn: ([\w ]+) -->", TEXT)) == set(draw_spec.PARTS)


def test_stale_text_is_noticed() -> None:
    stale = TEXT.replace("| 0x008 | u16 |", "| 0x008 | u32 |")
    assert stale != TEXT and draw_spec.drawn(stale) == TEXT


def value_at(data: bytes, at: int, kind: str) -> object:
    import struct

    codes = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i64": "<q", "f64": "<d"}
    return (
        struct.unpack_from(codes[kind], data, at)[0]
        if kind in codes
        else data[at : at + int(kind.split()[0])]
    )


def test_the_identity_table_finds_every_field_in_a_packed_header() -> None:
    data, table = layout.pack_header(HEADER), rows("identity")
    for field, (at, kind) in table.items():
        if hasattr(HEADER, field):
            assert value_at(data, at, kind) == getattr(HEADER, field), field
    assert table["instance_id"] == (0x20, "16 bytes") and INSTANCE in data
    assert table["crc32"][0] == layout.CRC_OFFSET == layout.IDENTITY_BYTES
    assert len(table) == len(layout.IDENTITY.unpack(data[: layout.IDENTITY_BYTES])) + 1


def test_the_record_table_finds_every_field_in_a_packed_record() -> None:
    data, table = layout.pack_record(5, RECORD), rows("record")
    for field, (at, kind) in table.items():
        assert value_at(data, at, kind) == (12 if field == "seq" else getattr(RECORD, field)), field


def test_every_word_that_changes_is_tabled_aligned_and_inside_the_header() -> None:
    table = rows("hot")
    offsets = {name: value for name, value in vars(layout).items() if name.endswith("_OFFSET")}
    del offsets["CRC_OFFSET"]
    assert {f"{field.upper()}_OFFSET": at for field, (at, _) in table.items()} == offsets
    for at, kind in table.values():
        assert at % (int(kind[1:]) // 8) == 0 and layout.IDENTITY_BYTES + 4 <= at < layout.HEADER_BYTES
    threads = ("reserve", "commit", "timeline_commit", "process_count", "discontinuities")
    places = sorted(table[field][0] for field in ("state", *threads))
    assert all(b - a >= 128 for a, b in itertools.pairwise(places))


def test_every_message_field_and_flag_is_in_the_tables() -> None:
    messages = part("messages")
    for classes in SENDS.values():
        for cls in classes:
            row = next(
                line for line in messages.splitlines() if line.startswith(f"| `{cls.__struct_config__.tag}`")
            )
            for field in msgspec.structs.fields(cls):
                assert f"{field.encode_name}: " in row
    states = part("states")
    for member in [*layout.RingState, *layout.Flag]:
        assert f"| {member.name} |" in states
