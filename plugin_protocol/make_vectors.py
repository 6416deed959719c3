"""Writes vectors/: golden bytes that every implementation of the protocol must read and write alike.

    python -m plugin_protocol.make_vectors            write them
    python -m plugin_protocol.make_vectors --check    fail when they are stale

NAME.bin holds the bytes, NAME.json what they mean: {"kind", "type", "direction", "fields"}, byte strings as hex. A
bad_NAME.bin must be refused; its JSON says by which door ("FromPlugin", "FromDaemon", "header", "return", "record") and why.
Values are fixed, and chosen so that no two neighbouring fields could be swapped unnoticed.
"""

import json
import sys

import msgspec

from plugin_protocol import layout, return_ring
from plugin_protocol.codec import encode
from plugin_protocol.history_messages import (
    EarlierRing,
    GetEarlier,
    GetMarks,
    GetPeaks,
    Mark,
    MarkFlag,
    Marks,
    Peaks,
    pack_marks,
)
from plugin_protocol.messages import (
    Alive,
    Asked,
    AskFailed,
    Export,
    Exported,
    FeedPage,
    FromPlugin,
    GetFeed,
    Goodbye,
    Heartbeat,
    Hello,
    Item,
    ItemGone,
    Keep,
    KeepAll,
    KeepFailed,
    Kept,
    KeptAll,
    LikePost,
    Message,
    Notice,
    Play,
    PlayFailed,
    Posting,
    PostTake,
    PreviewClosed,
    PreviewHeard,
    PreviewLoading,
    PreviewOpened,
    ReactPost,
    Refused,
    RingAttached,
    RingClosed,
    RingOpened,
    StopPreview,
    UndoPost,
    Welcome,
    WindowShown,
)
from plugin_protocol.people_messages import ClaimDevice, FollowPerson, OpenPage
from plugin_protocol.take_messages import (
    DiscardTake,
    GetTakes,
    RenameTake,
    RepairTake,
    TagTake,
    TakeGone,
    TakeInfo,
    TakesPage,
)

FOLDER = __file__.removesuffix("make_vectors.py") + "vectors"
INSTANCE = bytes(range(0x10, 0x20))
GENERATION = 0x0102_0304_0506_0708

MESSAGES: dict[str, Message] = {
    "hello": Hello(
        proto_min=1, proto_max=3, abi_major=1, header_bytes=4096, record_bytes=64, instance=INSTANCE,
        plugin_version="0.1.0", plugin_path="/usr/lib/clap/Sidechain.clap", host_name="Bitwig Studio",
        track_name="Bäss ♪", pid=4_294_967_295,
    ),
    "ring_opened": RingOpened(
        segment=layout.segment_name(INSTANCE, GENERATION), generation=GENERATION, sample_rate_hz=44_100.0,
        channels=2, capacity_frames=1 << 21,
    ),
    "ring_closed": RingClosed(generation=GENERATION),
    "heartbeat": Heartbeat(process_count=123_456, playing=True),
    "heartbeat_renamed": Heartbeat(process_count=7, playing=False, track_name="Bäss ♫"),
    "heartbeat_troubled": Heartbeat(process_count=0, playing=False, trouble="No Ring of 17 MiB: no space."),
    "keep_bars": Keep(id=7, generation=GENERATION, at_frame=1 << 40, bars=8, post=True, title="Take five"),
    "keep_seconds": Keep(id=8, generation=GENERATION, at_frame=0, seconds=12.5),
    "keep_span": Keep(id=15, generation=GENERATION, at_frame=1 << 40, first_frame=96_001, snap=True, post=True, title="Span"),
    "window_shown": WindowShown(open=True),
    "get_peaks": GetPeaks(id=16, generation=GENERATION, first_frame=4_096, end_frame=1 << 41, columns=512),
    "get_marks": GetMarks(id=17, generation=GENERATION, first_frame=4_097, end_frame=1 << 42),
    "peaks": Peaks(
        id=16, generation=GENERATION, first_frame=4_096, end_frame=1 << 41, oldest_frame=3, newest_frame=1 << 40,
        coarse=True, peaks=b"\x01\x80\xff\x7f\xfe\xff\x02\x00", holes=b"\x02",
    ),
    "marks": Marks(
        id=17, generation=GENERATION, first_frame=4_097, end_frame=1 << 33,
        marks=pack_marks([
            Mark(4_097, 103.5, -2, 7, 8, MarkFlag.PLAYING), Mark(1 << 32, 0.0, 0, 0, 0, MarkFlag.GAP),
            Mark((1 << 32) + 1, 999.5, 5, 3, 4, MarkFlag.LINE | MarkFlag.PLAYING | MarkFlag.NUMBERED),
        ]),
    ),
    "get_earlier": GetEarlier(id=23),
    "earlier_ring": EarlierRing(
        id=23, generation=GENERATION, host_name="Ardour", track_name="Bäss ♪", sample_rate_hz=44_100.0, first_frame=5,
        end_frame=1 << 40, sounded_us=1_780_000_000_000_000,
    ),
    "follow_person": FollowPerson(id=24, username="mira.k", follow=True),
    "open_page": OpenPage(id=25, kind="take", target="01JD"),
    "claim_device": ClaimDevice(id=26),
    "get_feed": GetFeed(id=9, cursor="2026-07-01T00:00:00Z~0190~abc", limit=20),
    "post_take": PostTake(id=10, take_id="01JD", title="Take five"),
    "undo_post": UndoPost(id=13, take_id="01JD"),
    "keep_all": KeepAll(id=14, generation=GENERATION, at_frame=1 << 40, bars=8, title="Night"),
    "like_post": LikePost(id=11, post_id="0190f3", like=True),
    "react_post": ReactPost(id=12, post_id="0190f3", reaction=2, react=False),
    "export_take": Export(id=15, kind="take", target="01JD", show=True),
    "export_history": Export(
        id=16, kind="history", generation=GENERATION, first_frame=1 << 33, end_frame=1 << 34
    ),
    "get_takes": GetTakes(id=18, cursor="4711", search="lead 104", limit=20),
    "rename_take": RenameTake(id=19, take_id="01JD", title="Läufe"),
    "tag_take": TagTake(id=20, take_id="01JD", add="verse, dark", remove="chorus"),
    "discard_take": DiscardTake(id=21, take_id="01JD", discard=True),
    "repair_take": RepairTake(id=22, take_id="01JD", repair=False),
    "take": TakeInfo(
        id=18, take_id="01JD", name="Lead · 104 BPM · 08:59", titled=False, tags="verse, dark",
        created_us=1_780_000_000_000_000, duration_ms=18_461, bars=8, bpm=104.0, key="Am", state="posted",
        page_url="https://relay.example/p/1", repair="fade", outline=bytes(range(100)),
    ),
    "take_unknown": TakeInfo(
        id=0, take_id="01JE", name="Take", titled=True, created_us=1, duration_ms=2, bars=None, bpm=None, key=None,
        state="kept", outline=b"",
    ),
    "takes_page": TakesPage(id=18, next="4690"),
    "take_gone": TakeGone(take_id="01JD"),
    "goodbye": Goodbye(),
    "welcome": Welcome(proto=1, daemon_version="0.1.0", daemon_path="/opt/sidechain/sidechain"),
    "refused": Refused(
        code="version", message="Update the plugin.", have="protocol 1-1, ring 1", need="protocol 2-3, ring 2",
        update_path="/usr/lib/clap/Sidechain.clap",
    ),
    "ring_attached": RingAttached(generation=(1 << 63) - 1),
    "alive": Alive(
        relay_state="online", account="ada", friends_producing=3, trouble="1 take could not be posted.",
        relay_url="https://relay.example", friends="mira.k, tobi, uma", reach_ms=598_000,
    ),
    "alive_alone": Alive(relay_state="off"),
    "kept": Kept(id=7, take_id="01JD", frames=768_000, bars=8, anchored=True),
    "kept_held": Kept(
        id=9, take_id="01JF", frames=96_000, bars=1, anchored=True, name="Lead · 104 BPM · 08:59", held_ms=10_000
    ),
    "kept_short": Kept(id=8, take_id="01JE", frames=65_535, bars=0, anchored=False, note="No transport."),
    "keep_failed": KeepFailed(id=255, code="no_space", message="The disk is full. Free some space."),
    "notice": Notice(kind="posted", message="“Take five” is on the feed."),
    "item": Item(
        post_id="0190f3", author="mira.k", title="Night bus ♪", page_url="https://relay.example/p/0190f3",
        created_us=1_780_000_000_000_000, duration_ms=15_900, bars=8, bpm=92.5, key="F#m", mine=False, liked=True,
        like_count=12, reaction_counts=bytes(range(1, 25)), reacted=0b100101, outline=bytes(range(128)),
        shown_by="ben: “that bass”",
    ),
    "item_unknown": Item(
        post_id="0190f4", author="ada", title="", page_url="", created_us=1, duration_ms=2, bars=None, bpm=None,
        key=None, mine=True, liked=False, like_count=0, reaction_counts=bytes(24), reacted=0, outline=b"",
    ),
    "item_gone": ItemGone(post_id="0190f3"),
    "feed_page": FeedPage(id=9, next="2026-07-01T00:00:00Z~0190~abd", note="The relay cannot be reached."),
    "posting": Posting(
        take_id="01JD", state="uploading", fraction=0.375, message="Uploading.", page_url="https://relay.example/p/1"
    ),
    "posting_held": Posting(
        take_id="01JD", state="held", fraction=0.0, message="It goes out in a moment.", held_ms=7_250
    ),
    "kept_all": KeptAll(id=14, set_id="01JS", takes=12, name="Night", note="Silent, and left out: Pad (Ardour)."),
    "exported": Exported(
        id=15, path="/srv/ada/exports/1f/Läufe.wav", name="Läufe", note="No tempo."
    ),
    "asked": Asked(id=11),
    "ask_failed": AskFailed(id=12, code="offline", message="The relay does not answer. Try again."),
    "play": Play(id=9, generation=GENERATION, kind="item", target="01JF", in_sync=True),
    "play_history": Play(
        id=10, generation=GENERATION, kind="history", target="8 bars", first_frame=96_001, end_frame=1 << 40, snap=True,
        span_generation=7,
    ),
    "stop_preview": StopPreview(),
    "preview_heard": PreviewHeard(
        generation=GENERATION, copied_frames=96_000, heard_frames=65_536, state="playing"
    ),
    "preview_loading": PreviewLoading(id=9, stage="download", fraction=0.25),
    "preview_opened": PreviewOpened(
        id=9, kind="item", target="01JF", segment=return_ring.return_name(INSTANCE, GENERATION),
        generation=GENERATION, sample_rate_hz=48_000.0, channels=2, capacity_frames=1 << 18, frames=768_001,
        in_sync=True, at_bar=True, title="Take five", note="",
    ),
    "preview_opened_elsewhere": PreviewOpened(
        id=0, kind="take", target="01JG", segment=return_ring.return_name(INSTANCE, 3), generation=3,
        sample_rate_hz=96_000.0, channels=1, capacity_frames=1 << 19, note="The tempo of the take is not known.",
    ),
    "play_failed": PlayFailed(id=9, code="offline", message="The relay does not answer. Try again later."),
    "preview_closed": PreviewClosed(generation=GENERATION, code="stopped", message="Stopped from the tray."),
}  # fmt: skip

HEADER = layout.Header(
    instance_id=INSTANCE, generation=GENERATION, writer_pid=4_242, writer_uid=1_000, writer_start=987_654_321,
    sample_rate_hz=48_000.0, channels=2, capacity_frames=1 << 14, audio_offset=0x6000, timeline_offset=0x1000,
    timeline_capacity=256, max_block_frames=8_192, total_bytes=0x6000 + (1 << 14) * 8,
)  # fmt: skip
RETURN_HEADER = return_ring.ReturnHeader(
    instance_id=INSTANCE, generation=GENERATION, sample_rate_hz=44_100.0, channels=2, capacity_frames=1 << 12
)
RECORD_INDEX = 300
RECORD = layout.Record(
    ring_frame=1 << 33, project_frame=-480, ppq=-0.25, bpm=128.0, bar_start_ppq=-4.0, host_ns=1 << 50,
    block_frames=512, numerator=7, denominator=8,
    flags=layout.Flag.PLAYING | layout.Flag.VALID_PPQ | layout.Flag.VALID_BPM | layout.Flag.VALID_METER
    | layout.Flag.VALID_PROJECT_FRAME | layout.Flag.VALID_BAR_START | layout.Flag.DISCONTINUITY,
)  # fmt: skip


def _plain(value: object) -> dict[str, object]:
    """A Struct as JSON can hold it: bytes as hex, flags as number."""
    plain: dict[str, object] = msgspec.to_builtins(value, builtin_types=(bytes,))
    plain.pop("t", None)
    return {key: item.hex() if isinstance(item, bytes) else item for key, item in plain.items()}


def _direction(message: Message) -> str:
    return "plugin -> daemon" if isinstance(message, FromPlugin) else "daemon -> plugin"


def _changed(message: Message, /, **fields: object) -> bytes:
    """`message` with fields no Struct would let through; a value of `...` removes the field."""
    raw = msgspec.to_builtins(message, builtin_types=(bytes,)) | fields
    return msgspec.msgpack.encode({key: value for key, value in raw.items() if value is not ...})


def bad_messages() -> dict[str, tuple[str, bytes, str]]:
    """name -> (door, bytes, why they are refused)."""
    hello, keep, kept = MESSAGES["hello"], MESSAGES["keep_bars"], MESSAGES["kept"]
    beat, refused = encode(MESSAGES["heartbeat"]), MESSAGES["refused"]
    plugin, daemon = "FromPlugin", "FromDaemon"
    return {
        "empty": (plugin, b"", "no bytes"),
        "array": (plugin, msgspec.msgpack.encode(["heartbeat"]), "a message is a map"),
        "truncated": (plugin, beat[:-1], "the last byte is missing"),
        "trailing": (plugin, beat + b"\xc0", "a byte too many"),
        "twice": (plugin, b"\x82\xa1t\xa7goodbye\xa1t\xa7goodbye", "a key twice"),
        "no_tag": (plugin, _changed(keep, t=...), "no t"),
        "unknown_tag": (plugin, _changed(keep, t="kept"), "a tag of the other direction"),
        "no_field": (plugin, _changed(keep, at_frame=...), "at_frame is missing"),
        "bars_65": (plugin, _changed(keep, bars=65), "bars above 64"),
        "seconds_nan": (plugin, _changed(keep, bars=None, seconds=float("nan")), "not finite"),
        "id_negative": (plugin, _changed(keep, id=-1), "id below 0"),
        "pid_true": (plugin, _changed(hello, pid=True), "a boolean for a number"),
        "instance_text": (plugin, _changed(hello, instance="x" * 16), "text for bytes"),
        "instance_15": (plugin, _changed(hello, instance=b"x" * 15), "15 bytes of 16"),
        "track_long": (plugin, _changed(hello, track_name="x" * 513), "513 characters of 512"),
        "segment_path": (
            plugin,
            _changed(MESSAGES["ring_opened"], segment="../sdc.000000000000"),
            "no name of a Ring",
        ),
        "broken_text": (plugin, b"\x82\xa1t\xa7goodbye\xa1x\xa2\xff\xfe", "not UTF-8"),
        "extension": (plugin, b"\x82\xa1t\xa7goodbye\xa1x\xd4\x01\x00", "an extension type"),
        "key_number": (plugin, b"\x82\xa1t\xa7goodbye\x01\x01", "a key that is not text"),
        "deep": (plugin, b"\x82\xa1t\xa7goodbye\xa1x" + b"\x91" * 8 + b"\xc0", "nested 9 deep, at most 8"),
        "lying_length": (
            plugin,
            b"\x82\xa1t\xa7goodbye\xa1x\xdb\x7f\xff\xff\xff",
            "2 GiB announced, 0 there",
        ),
        "kept_truncated": (daemon, encode(kept)[:-3], "the last bytes are missing"),
        "kept_unknown_tag": (daemon, _changed(kept, t="keep"), "a tag of the other direction"),
        "kept_no_id": (daemon, _changed(kept, id=...), "id is missing"),
        "like_bit": (plugin, _changed(MESSAGES["like_post"], like=1), "a number for a boolean"),
        "reaction_6": (plugin, _changed(MESSAGES["react_post"], reaction=6), "reaction 6 of 0..5"),
        "export_kind": (
            plugin,
            _changed(MESSAGES["export_take"], kind="set"),
            "nothing that can be exported",
        ),
        "open_page_kind": (plugin, _changed(MESSAGES["open_page"], kind="set"), "nothing that has a page"),
        "follow_nobody": (plugin, _changed(MESSAGES["follow_person"], username=""), "nobody is named"),
        "earlier_rate": (daemon, _changed(MESSAGES["earlier_ring"], sample_rate_hz="x"), "text for a number"),
        "takes_limit_0": (plugin, _changed(MESSAGES["get_takes"], limit=0), "no rows"),
        "take_no_id": (plugin, _changed(MESSAGES["rename_take"], take_id=""), "nothing is named"),
        "take_state": (daemon, _changed(MESSAGES["take"], state=7), "a number for text"),
        "take_outline": (daemon, _changed(MESSAGES["take"], outline=bytes(161)), "161 columns of 160"),
        "feed_limit_21": (plugin, _changed(MESSAGES["get_feed"], limit=21), "21 rows of 20"),
        "item_outline": (daemon, _changed(MESSAGES["item"], outline=bytes(161)), "161 columns of 160"),
        "item_counts": (daemon, _changed(MESSAGES["item"], reaction_counts=bytes(25)), "25 bytes of 24"),
        "item_bpm": (daemon, _changed(MESSAGES["item"], bpm="92"), "text for a number"),
        "peaks_columns": (daemon, _changed(MESSAGES["peaks"], peaks=bytes(2052)), "513 columns of 512"),
        "peaks_odd": (daemon, _changed(MESSAGES["peaks"], holes=5), "a number for bytes"),
        "marks_97": (daemon, _changed(MESSAGES["marks"], marks=bytes(97 * 24)), "97 marks of 96"),
        "posting_fraction": (daemon, _changed(MESSAGES["posting"], fraction=1.5), "1.5 of 1"),
        "refused_number": (daemon, _changed(refused, message=7), "a number for text"),
    }


def bad_layouts() -> dict[str, tuple[str, bytes, str]]:
    """As bad_messages, for headers (their CRC is right unless that is the point) and records."""

    def header(**fields: object) -> bytes:
        return layout.pack_header(msgspec.structs.replace(HEADER, **fields))

    def back(**fields: object) -> bytes:
        return return_ring.pack_header(msgspec.structs.replace(RETURN_HEADER, **fields))

    good, record = layout.pack_header(HEADER), layout.pack_record(RECORD_INDEX, RECORD)
    good_back = return_ring.pack_header(RETURN_HEADER)
    return {
        "header_magic": ("header", b"SDCHRNG\r" + good[8:], "magic: a text mode ate the newline"),
        "header_crc": ("header", good[:0x58] + b"\x01" + good[0x59:], "crc32 does not match"),
        "header_features": ("header", header(features_required=1), "features_required that we do not have"),
        "header_rate": ("header", header(sample_rate_hz=float("inf")), "sample_rate_hz"),
        "header_channels": ("header", header(channels=3), "channels"),
        "header_capacity": ("header", header(capacity_frames=10_000), "capacity_frames: no power of two"),
        "header_timeline": (
            "header",
            header(timeline_capacity=2 * layout.MAX_TIMELINE_RECORDS),
            "timeline_capacity: beyond the limit",
        ),
        "header_offset": ("header", header(audio_offset=0x1000), "audio_offset: on top of the timeline"),
        "header_total": ("header", header(total_bytes=0x6000), "total_bytes: no room for the audio"),
        "header_generation": ("header", header(generation=0), "generation: zero"),
        "return_magic": ("return", good, "magic: a Ring, not a Return Ring"),
        "return_crc": ("return", good_back[:0x40] + b"\x01" + good_back[0x41:], "crc32 does not match"),
        "return_features": ("return", back(features_required=1), "features_required that we do not have"),
        "return_rate": ("return", back(sample_rate_hz=float("nan")), "sample_rate_hz"),
        "return_channels": ("return", back(channels=0), "channels"),
        "return_capacity": ("return", back(capacity_frames=5_000), "capacity_frames: no power of two"),
        "return_offset": ("return", back(audio_offset=8192), "audio_offset"),
        "return_generation": ("return", back(generation=0), "generation: zero"),
        "record_writing": (
            "record",
            (2 * RECORD_INDEX + 1).to_bytes(8, "little") + record[8:],
            f"record {RECORD_INDEX} is half written",
        ),
        "record_other": (
            "record",
            layout.pack_record(RECORD_INDEX - 256, RECORD),
            f"the slot holds record {RECORD_INDEX - 256}",
        ),
    }


def files() -> dict[str, bytes]:
    """Every file of vectors/, by name."""
    made: dict[str, bytes] = {}

    def add(name: str, data: bytes, meaning: dict[str, object]) -> None:
        made[f"{name}.bin"] = data
        made[f"{name}.json"] = (json.dumps(meaning, indent=1, ensure_ascii=False) + "\n").encode()

    for name, message in MESSAGES.items():
        tag = message.__struct_config__.tag
        add(
            name,
            encode(message),
            {"kind": "message", "type": tag, "direction": _direction(message), "fields": _plain(message)},
        )
    add("header", layout.pack_header(HEADER), {"kind": "header", "fields": _plain(HEADER)})
    add(
        "return_header",
        return_ring.pack_header(RETURN_HEADER),
        {"kind": "return", "fields": _plain(RETURN_HEADER)},
    )
    add(
        "record",
        layout.pack_record(RECORD_INDEX, RECORD),
        {"kind": "record", "index": RECORD_INDEX, "fields": _plain(RECORD)},
    )
    for name, (door, data, why) in (bad_messages() | bad_layouts()).items():
        add(f"bad_{name}", data, {"kind": "refused", "door": door, "why": why})
    return made


def main(arguments: list[str]) -> int:
    """0: written, or fresh; 1: stale."""
    check = "--check" in arguments
    stale = []
    for name, data in files().items():
        path = f"{FOLDER}/{name}"
        if not check:
            with open(path, "wb") as file:
                file.write(data)
            continue
        try:
            with open(path, "rb") as file:
                found: bytes | None = file.read()
        except FileNotFoundError:
            found = None
        if found != data:
            stale.append(name)
    if stale:
        print(f"stale vectors: {', '.join(stale)}. Run: python -m plugin_protocol.make_vectors")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
