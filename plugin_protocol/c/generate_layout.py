"""Writes layout_gen.h, the C side's view of layout.py, return_ring.py and of the limits in message_base.py, history_messages.py and timeline.py.

A plain script, not a module of the package: `python plugin_protocol/c/generate_layout.py` writes the header,
`--check` writes nothing and exits 1 when the committed header is stale.
"""

import re
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from plugin_protocol import codec, history_messages, layout, message_base, return_ring, timeline  # noqa: E402

TARGET = HERE / "layout_gen.h"

IDENTITY_FIELDS = [
    "magic",
    "abi_major",
    "abi_minor",
    "header_bytes",
    "features_required",
    "features_optional",
    "instance_id",
    "generation",
    "writer_pid",
    "writer_uid",
    "writer_start",
    "sample_rate_hz",
    "channels",
    "sample_format",
    "capacity_frames",
    "audio_offset",
    "timeline_offset",
    "timeline_capacity",
    "record_bytes",
    "max_block_frames",
    "identity_bytes",
    "total_bytes",
]
RECORD_FIELDS = [
    "seq",
    "ring_frame",
    "project_frame",
    "ppq",
    "bpm",
    "bar_start_ppq",
    "host_ns",
    "block_frames",
    "numerator",
    "denominator",
    "flags",
]
RETURN_FIELDS = [
    "magic",
    "abi_major",
    "abi_minor",
    "header_bytes",
    "features_required",
    "instance_id",
    "generation",
    "sample_rate_hz",
    "channels",
    "sample_format",
    "capacity_frames",
    "audio_offset",
    "total_bytes",
]

LAYOUT_NUMBERS = [
    "ABI_MAJOR",
    "ABI_MINOR",
    "HEADER_BYTES",
    "RECORD_BYTES",
    "SAMPLE_FORMAT_F32",
    "SAMPLE_BYTES",
    "MIN_RATE_HZ",
    "MAX_RATE_HZ",
    "MAX_CHANNELS",
    "MIN_CAPACITY_FRAMES",
    "MAX_CAPACITY_FRAMES",
    "DEFAULT_CAPACITY_FRAMES",
    "MIN_TIMELINE_RECORDS",
    "MAX_TIMELINE_RECORDS",
    "DEFAULT_TIMELINE_RECORDS",
    "MAX_BLOCK_FRAMES",
    "COALESCE_FRAMES",
    "SUSPENDED_US",
    "PREDICTION_TOLERANCE_FRAMES",
    "ROUNDING_QUARTERS",
    "IDENTITY_BYTES",
    "CRC_OFFSET",
    "STATE_OFFSET",
    "RESERVE_OFFSET",
    "COMMIT_OFFSET",
    "TIMELINE_COMMIT_OFFSET",
    "PROCESS_COUNT_OFFSET",
    "LAST_BLOCK_NS_OFFSET",
    "DISCONTINUITIES_OFFSET",
    "OVERSIZE_BLOCKS_OFFSET",
    "OFFLINE_BLOCKS_OFFSET",
    "INVALID_POSITIONS_OFFSET",
]
MESSAGE_NUMBERS = [
    "PROTOCOL_MIN",
    "PROTOCOL_MAX",
    "MAX_MESSAGE_BYTES",
    "HEARTBEAT_INTERVAL_US",
    "SILENCE_LIMIT_US",
    "HEARD_INTERVAL_US",
    "MAX_BARS",
    "MAX_SECONDS",
    "MAX_FEED_PAGE",
    "OUTLINE_COLUMNS",
    "SHORT_CHARACTERS",
    "TITLE_CHARACTERS",
    "CURSOR_CHARACTERS",
    "LINE_CHARACTERS",
    "PATH_CHARACTERS",
]
RETURN_NUMBERS = (
    "ABI_MAJOR",
    "HEADER_BYTES",
    "MIN_CAPACITY_FRAMES",
    "MAX_CAPACITY_FRAMES",
    "IDENTITY_BYTES",
    "CRC_OFFSET",
    "RESERVE_OFFSET",
    "COMMIT_OFFSET",
    "END_OFFSET",
    "MAX_PEAK",
)
TIMELINE_NUMBERS = ("MIN_BPM", "MAX_BPM", "MAX_PPQ", "MAX_PROJECT_FRAME")


def field_offsets(codes: str, names: list[str]) -> list[tuple[str, int]]:
    """Name and byte offset of each field of a little-endian struct format without padding."""
    parts = re.findall(r"\d+s|[A-Za-z]", codes.lstrip("<"))
    if len(parts) != len(names):
        raise SystemExit(f"{codes}: {len(parts)} fields, but {len(names)} names. Correct the names above.")
    offsets, at = [], 0
    for name, part in zip(names, parts, strict=True):
        offsets.append((name, at))
        at += struct.calcsize("<" + part)
    return offsets


def literal(value: float) -> str:
    """A Python number as a C literal."""
    if isinstance(value, int):
        return f"{value}u" if value < 1 << 32 else f"{value}LL"
    return repr(value)


def header_text() -> str:
    """The whole of layout_gen.h."""
    lines = [
        "/* Generated from ../layout.py, ../return_ring.py, ../message_base.py, ../history_messages.py and ../timeline.py by generate_layout.py. Do not edit. */",
        "#ifndef SC_LAYOUT_GEN_H",
        "#define SC_LAYOUT_GEN_H",
        "",
        f'#define SC_MAGIC "{layout.MAGIC.decode().encode("unicode_escape").decode()}"',
        f'#define SC_RETURN_MAGIC "{return_ring.MAGIC.decode().encode("unicode_escape").decode()}"',
    ]
    for numbers in (
        {name: getattr(layout, name) for name in LAYOUT_NUMBERS},
        {name: getattr(message_base, name) for name in MESSAGE_NUMBERS},
        {"REACTIONS": len(message_base.REACTIONS)},
        {name: getattr(history_messages, name) for name in ("MAX_PEAK_COLUMNS", "MAX_MARKS", "MARK_BYTES")},
        {"MAX_PAIRS": codec.PLUGIN_LIMITS.map, "MAX_TEXT_BYTES": codec.PLUGIN_LIMITS.str_bytes},
        {name: getattr(timeline, name) for name in TIMELINE_NUMBERS},
        {f"RETURN_{name}": getattr(return_ring, name) for name in RETURN_NUMBERS},
    ):
        lines += [f"#define SC_{name} {literal(value)}" for name, value in numbers.items()]
    lines.append("")
    for prefix, codes, names in (
        ("IDENTITY", layout.IDENTITY.format, IDENTITY_FIELDS),
        ("RECORD", layout.RECORD.format, RECORD_FIELDS),
        ("RETURN", return_ring.IDENTITY.format, RETURN_FIELDS),
    ):
        lines += [
            f"#define SC_{prefix}_{name.upper()}_OFFSET {at:#05x}u"
            for name, at in field_offsets(codes, names)
        ]
        lines.append("")
    lines += [f"#define SC_STATE_{state.name} {state.value}u" for state in layout.RingState]
    lines.append("")
    lines += [f"#define SC_FLAG_{flag.name} {flag.value:#06x}u" for flag in layout.Flag]
    lines.append("")
    lines += [f"#define SC_MARK_{flag.name} {flag.value:#06x}u" for flag in history_messages.MarkFlag]
    return "\n".join([*lines, "", "#endif", ""])


def main() -> int:
    """Write or check the header; the exit code."""
    text = header_text()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("layout_gen.h is stale. Run: python plugin_protocol/c/generate_layout.py\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
