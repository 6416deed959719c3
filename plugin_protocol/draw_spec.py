"""Writes the parts of SPEC.md that are data: byte tables, limits, messages and state diagrams, from the code.

    python -m plugin_protocol.draw_spec            rewrite what stands between the markers
    python -m plugin_protocol.draw_spec --check    fail when SPEC.md is stale

A part stands between `<!-- drawn: NAME -->` and `<!-- end -->`. All else in SPEC.md is prose and is left alone.
"""

import re
import struct
import sys
from collections.abc import Callable

import msgspec

from plugin_protocol import codec, history_messages, layout, message_base, return_ring, ring, timeline
from plugin_protocol.session import SENDS, TRANSITIONS, Role, State

SPEC = __file__.removesuffix("draw_spec.py") + "SPEC.md"

IDENTITY_FIELDS = (
    ("magic", "`SDCHRNG\\n`"),
    ("abi_major", "1; another: do not read"),
    ("abi_minor", "0; another: ignore what is new"),
    ("header_bytes", "4096"),
    ("features_required", "bits; one that the reader lacks: do not read"),
    ("features_optional", "bits; unknown ones are ignored"),
    ("instance_id", "random, new for each loaded plugin, never saved with a project"),
    ("generation", "random, 1 to 2^63-1, new for each Ring"),
    ("writer_pid", ""),
    ("writer_uid", ""),
    ("writer_start", "start time of the process, in the system's own unit; tells pids apart"),
    ("sample_rate_hz", "8000 to 768000"),
    ("channels", "1 or 2"),
    ("sample_format", "1: 32-bit float"),
    ("capacity_frames", "power of two, 2^12 to 2^25"),
    ("audio_offset", "multiple of 4096, behind the timeline"),
    ("timeline_offset", "multiple of 64, at least 4096"),
    ("timeline_capacity", "records; power of two, 2^6 to 2^16"),
    ("record_bytes", "64"),
    ("max_block_frames", "1 to 16384; a longer block is written in pieces"),
    ("identity_bytes", "size of this part: 136, more in a later minor"),
    ("total_bytes", "size of the file"),
)
RECORD_FIELDS = (
    ("seq", "2i+1 while record i is written, 2i+2 when it is whole"),
    ("ring_frame", "first frame it speaks of"),
    ("project_frame", "that frame's place in the project (VALID_PROJECT_FRAME)"),
    ("ppq", "that frame's place in quarter notes (VALID_PPQ); LOOP_RANGE: start of the loop"),
    ("bpm", "quarter notes a minute (VALID_BPM); LOOP_RANGE: end of the loop, ppq"),
    ("bar_start_ppq", "start of the bar that holds ppq (VALID_BAR_START)"),
    ("host_ns", "CLOCK_MONOTONIC of the process call, 0 when the writer reads no clock there"),
    ("block_frames", "frames of the process call"),
    ("numerator", "of the meter (VALID_METER)"),
    ("denominator", "of the meter: 1, 2, 4 ... 128"),
    ("flags", "below"),
)
HOT_WORDS = (
    ("STATE", "u32", "RingState"),
    ("RESERVE", "u64", "end of the frames announced: the writer may be overwriting up to here"),
    ("COMMIT", "u64", "end of the frames that are complete"),
    ("TIMELINE_COMMIT", "u64", "timeline records ever completed"),
    ("PROCESS_COUNT", "u64", "process calls, also those of 0 frames"),
    (
        "LAST_BLOCK_NS",
        "u64",
        "CLOCK_MONOTONIC when the plugin's worker last noticed a process call: up to 30 ms after it",
    ),
    ("DISCONTINUITIES", "u64", "positions that were not where the last block led"),
    ("OVERSIZE_BLOCKS", "u64", "blocks longer than max_block_frames"),
    ("OFFLINE_BLOCKS", "u64", "blocks not recorded because the host rendered offline"),
    ("INVALID_POSITIONS", "u64", "positions with a field that cannot be true"),
)
RETURN_FIELDS = (
    ("magic", "`SDCHRTN\\n`"),
    ("abi_major", "1; another: do not read"),
    ("abi_minor", "0; another: ignore what is new"),
    ("header_bytes", "4096"),
    ("features_required", "bits; one that the reader lacks: do not read"),
    ("instance_id", "the Instance that it plays through"),
    ("generation", "random, 1 to 2^63-1, new for each preview"),
    ("sample_rate_hz", "the host's"),
    ("channels", "the plugin's: 1 or 2"),
    ("sample_format", "1: 32-bit float"),
    ("capacity_frames", "power of two, 2^12 to 2^22"),
    ("audio_offset", "4096"),
    ("total_bytes", "size of the file"),
)
RETURN_WORDS = (
    ("RESERVE", "u64", "end of the frames announced: the writer may be overwriting up to here"),
    ("COMMIT", "u64", "end of the frames that are complete"),
    ("END", "u64", "frame at which the preview ends; 2^64-1: not known, or it repeats until it is stopped"),
)
STATE_MEANINGS = {
    "INIT": "being built: nothing may be read",
    "READY": "recording",
    "FROZEN": "the host renders offline: history stands still and stays readable",
    "RETIRED": "replaced by a newer generation, or closed; still readable",
}
FLAG_MEANINGS = {
    "PLAYING": "the transport runs",
    "LOOPING": "the host's loop is on",
    "RECORDING": "the host records",
    "OFFLINE": "the host renders faster than real time",
    "DISCONTINUITY": "the position is not where the record before led: a loop wrap or a jump",
    "GAP": "the frames before this one were not heard right before it; a Take never spans it",
    "LOOP_RANGE": "not a position: ppq and bpm hold the loop's start and end",
}
CODES = {"H": "u16", "I": "u32", "Q": "u64", "q": "i64", "d": "f64", "B": "u8"}
LIMITS = (
    ("MIN_RATE_HZ", layout, "Hz"),
    ("MAX_RATE_HZ", layout, "Hz"),
    ("MAX_CHANNELS", layout, ""),
    ("MIN_CAPACITY_FRAMES", layout, "frames"),
    ("DEFAULT_CAPACITY_FRAMES", layout, "frames; 43.7 s at 48 kHz"),
    ("MAX_CAPACITY_FRAMES", layout, "frames"),
    ("MIN_TIMELINE_RECORDS", layout, "records"),
    ("DEFAULT_TIMELINE_RECORDS", layout, "records"),
    ("MAX_TIMELINE_RECORDS", layout, "records"),
    ("MAX_BLOCK_FRAMES", layout, "frames"),
    ("COALESCE_FRAMES", layout, "frames of steady play that one record may cover"),
    ("SUSPENDED_US", layout, "us without a process call, after which the host was suspended"),
    ("PREDICTION_TOLERANCE_FRAMES", layout, "frames a position may be off before it is a discontinuity"),
    ("ROUNDING_QUARTERS", layout, "quarter notes; so far a host's rounding moves a position, and it is none"),
    ("GUARD_FRAMES", ring, "frames a reader keeps from the overwriting edge"),
    ("GUARD_S", ring, "s, the same; the larger of the two, at most 1/8 of the Ring"),
    ("MIN_BPM", timeline, "quarter notes a minute; what lies outside is unknown"),
    ("MAX_BPM", timeline, "quarter notes a minute, the same"),
    ("MAX_PPQ", timeline, "quarter notes from the project's start, either way"),
    ("MAX_MESSAGE_BYTES", message_base, "bytes of one message"),
    ("HEARTBEAT_INTERVAL_US", message_base, "us"),
    ("SILENCE_LIMIT_US", message_base, "us without a message, after which a peer is lost"),
    ("HEARD_INTERVAL_US", message_base, "us between two `preview_heard`, changes of state apart"),
    ("MAX_BARS", message_base, "bars of one Keep"),
    ("MAX_SECONDS", message_base, "s of one Keep, and of a span of the History that is kept or played"),
    ("MAX_FEED_PAGE", message_base, "rows of one page of the feed"),
    ("OUTLINE_COLUMNS", message_base, "columns of an Item's waveform"),
    ("MAX_PEAK_COLUMNS", history_messages, "columns of one picture of the History"),
    ("MAX_MARKS", history_messages, "marks in one answer"),
    ("CAPACITY_S", return_ring, "s that a Return Ring holds at least"),
    ("MAX_PEAK", return_ring, "largest sample of a preview; beyond it is cut, NaN is silence"),
)


def struct_table(form: str, fields: tuple[tuple[str, str], ...]) -> list[tuple[int, str, str, str]]:
    """(offset, type, field, meaning) of a little-endian struct format without padding."""
    rows, at = [], 0
    for code, (field, meaning) in zip(re.findall(r"\d*[a-zA-Z]", form), fields, strict=True):
        rows.append((at, CODES.get(code, f"{code[:-1]} bytes"), field, meaning))
        at += struct.calcsize("<" + code)
    return rows


def _byte_table(rows: list[tuple[int, str, str, str]]) -> list[str]:
    head = ["| offset | type | field | meaning |", "|---|---|---|---|"]
    return head + [f"| {at:#05x} | {kind} | {field} | {meaning} |" for at, kind, field, meaning in rows]


def _identity() -> list[str]:
    rows = struct_table(layout.IDENTITY.format, IDENTITY_FIELDS)
    return _byte_table([*rows, (layout.CRC_OFFSET, "u32", "crc32", "CRC-32 (ISO-HDLC) of all bytes before")])


def _hot() -> list[str]:
    rows = [
        (getattr(layout, f"{name}_OFFSET"), kind, name.lower(), meaning) for name, kind, meaning in HOT_WORDS
    ]
    return _byte_table(rows)


def _record() -> list[str]:
    return _byte_table(struct_table(layout.RECORD.format, RECORD_FIELDS))


def _return_identity() -> list[str]:
    rows = struct_table(return_ring.IDENTITY.format, RETURN_FIELDS)
    crc = (return_ring.CRC_OFFSET, "u32", "crc32", "CRC-32 (ISO-HDLC) of all bytes before")
    words = [
        (getattr(return_ring, f"{name}_OFFSET"), kind, name.lower(), meaning)
        for name, kind, meaning in RETURN_WORDS
    ]
    return _byte_table([*rows, crc, *words])


def _states_and_flags() -> list[str]:
    lines = ["| state | number | meaning |", "|---|---|---|"]
    lines += [
        f"| {state.name} | {state.value} | {STATE_MEANINGS[state.name]} |" for state in layout.RingState
    ]
    lines += ["", "| flag | bit | meaning |", "|---|---|---|"]
    for flag in layout.Flag:
        meaning = FLAG_MEANINGS.get(flag.name or "", "the field holds what the host said")
        lines.append(f"| {flag.name} | {flag.bit_length() - 1} | {meaning} |")
    return lines


def _limits() -> list[str]:
    lines = ["| limit | value | unit |", "|---|---|---|"]
    lines += [f"| {name} | {getattr(module, name):,} | {unit} |" for name, module, unit in LIMITS]
    lines += ["", "| of one message | to the daemon, and to plugins | to control clients |", "|---|---|---|"]
    for field in msgspec.structs.fields(codec.Limits):
        plugin, control = getattr(codec.PLUGIN_LIMITS, field.name), getattr(codec.CONTROL_LIMITS, field.name)
        lines.append(f"| {field.name} | {plugin:,} | {control:,} |")
    return lines


def _type_of(field: msgspec.inspect.Field) -> str:
    kind = field.type
    if isinstance(kind, msgspec.inspect.UnionType):
        inner = [part for part in kind.types if not isinstance(part, msgspec.inspect.NoneType)]
        return f"{_kind(inner[0])} or nil"
    return _kind(kind)


def _kind(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.IntType(ge=low, le=high):
            top = f"2^{high.bit_length()}-1" if high is not None and high > 1 << 20 else f"{high}"
            return f"int {low}..{top}"
        case msgspec.inspect.FloatType(gt=above, ge=low, le=high):
            return f"float {f'>{above:g}' if above is not None else f'{low:g}'}..{high:g}"
        case msgspec.inspect.StrType(max_length=most, pattern=pattern):
            return f"str of at most {most}" + (f", `{pattern}`" if pattern else "")
        case msgspec.inspect.BytesType(min_length=least, max_length=most):
            return f"bin of {most}" if least == most else f"bin of at most {most}"
        case msgspec.inspect.BoolType():
            return "bool"
    raise TypeError(f"no words for {kind}")


def _messages() -> list[str]:
    lines = []
    for role in Role:
        other = "daemon" if role is Role.PLUGIN else "plugin"
        lines += [f"**{role.value} → {other}**", "", "| t | fields | reply |", "|---|---|---|"]
        for cls in SENDS[role]:
            described = msgspec.inspect.type_info(cls)
            assert isinstance(described, msgspec.inspect.StructType)
            fields = []
            for field in described.fields:
                optional = "" if field.required else f" = {_literal(field.default)}"
                fields.append(f"{field.encode_name}: {_type_of(field)}{optional}")
            lines.append(f"| `{described.tag}` | {'; '.join(fields) or 'none'} | {_reply(cls)} |")
        lines.append("")
        lines += [f"- `{cls.__struct_config__.tag}`: {_sentence(cls)}" for cls in SENDS[role]]
        lines.append("")
    return lines[:-1]


def _literal(value: object) -> str:
    return "nil" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _reply(cls: type[msgspec.Struct]) -> str:
    reply = getattr(cls, "Reply", None)
    named = getattr(reply, "__args__", (reply,)) if reply is not None else ()
    return " or ".join(f"`{one.__struct_config__.tag}`" for one in named) or "none"


def _sentence(cls: type[msgspec.Struct]) -> str:
    return " ".join((cls.__doc__ or "").split())


def _diagram(role: Role) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.NEW.value}"]
    for before, edges in TRANSITIONS[role].items():
        by_target: dict[State, list[str]] = {}
        for event, after in edges.items():
            by_target.setdefault(after, []).append(event.__name__)
        for after, events in by_target.items():
            lines.append(f"    {before.value} --> {after.value}: {', '.join(events)}")
        if not edges:
            lines.append(f"    {before.value} --> [*]")
    return [*lines, "```"]


PARTS: dict[str, Callable[[], list[str]]] = {
    "identity": _identity,
    "hot": _hot,
    "record": _record,
    "return": _return_identity,
    "states": _states_and_flags,
    "limits": _limits,
    "messages": _messages,
    "plugin diagram": lambda: _diagram(Role.PLUGIN),
    "daemon diagram": lambda: _diagram(Role.DAEMON),
}


def drawn(text: str) -> str:
    """`text` with every part between markers written anew. Raises KeyError for a marker nobody draws."""
    return re.sub(
        r"(<!-- drawn: ([\w ]+) -->\n).*?(<!-- end -->)",
        lambda m: m[1] + "\n".join(PARTS[m[2]]()) + "\n" + m[3],
        text,
        flags=re.DOTALL,
    )


def main(arguments: list[str]) -> int:
    """0: written, or fresh; 1: stale."""
    with open(SPEC, encoding="utf-8") as file:
        before = file.read()
    after = drawn(before)
    if "--check" not in arguments:
        with open(SPEC, "w", encoding="utf-8") as file:
            file.write(after)
    elif after != before:
        print("SPEC.md is stale. Run: python -m plugin_protocol.draw_spec")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
