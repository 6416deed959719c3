"""Whatever bytes, records and orders of events: a value or the one documented error."""

from functools import cache

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import control
from plugin_protocol import layout
from plugin_protocol.codec import CONTROL_LIMITS, decode, encode
from plugin_protocol.errors import CodecError, LayoutError, ProtocolError
from plugin_protocol.make_vectors import HEADER, MESSAGES
from plugin_protocol.message_base import SILENCE_LIMIT_US
from plugin_protocol.messages import FromDaemon, FromPlugin
from plugin_protocol.session import SENDS, TRANSITIONS, Role, Session, judge
from plugin_protocol.timeline import MAX_BPM, MAX_PPQ, MIN_BPM, bounded, decode_records

UNIONS = (FromPlugin, FromDaemon, control.Request, control.ToClient)
ENCODED = [encode(message) for message in MESSAGES.values()]


def values_of(kind: msgspec.inspect.Type) -> st.SearchStrategy[object]:
    """Every value that a field of this type may have."""
    match kind:
        case msgspec.inspect.IntType(ge=low, le=high):
            return st.integers(-(1 << 63) if low is None else low, (1 << 63) - 1 if high is None else high)
        case msgspec.inspect.FloatType(gt=above, ge=low, le=high):
            least = low if low is not None else above
            return st.floats(
                least, high, allow_nan=False, allow_infinity=False, exclude_min=above is not None
            )
        case msgspec.inspect.StrType(pattern=pattern) if pattern:
            return st.from_regex(pattern, fullmatch=True)
        case msgspec.inspect.StrType(min_length=least, max_length=most):
            return st.text(min_size=least or 0, max_size=min(most or 40, 40))
        case msgspec.inspect.BytesType(min_length=least, max_length=most):
            return st.binary(min_size=least or 0, max_size=most)
        case msgspec.inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.UnionType(types=types):
            return st.one_of([values_of(one) for one in types])
        case msgspec.inspect.ListType(item_type=item):
            return st.lists(values_of(item), max_size=3)
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(values_of(item), max_size=3).map(tuple)
        case msgspec.inspect.TupleType(item_types=items):
            return st.tuples(*map(values_of, items))
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values_of(key), values_of(value), max_size=3)
        case msgspec.inspect.StructType(cls=cls):
            return structs(cls)  # one that held others of its kind would have no depth at which it ends
    raise TypeError(kind)


@cache
def structs(cls: type) -> st.SearchStrategy[msgspec.Struct]:
    described = msgspec.inspect.type_info(cls)
    assert isinstance(described, msgspec.inspect.StructType)
    return st.builds(cls, **{field.name: values_of(field.type) for field in described.fields})


@given(st.sampled_from(UNIONS).flatmap(lambda u: st.tuples(st.just(u), st.one_of(map(structs, u.__args__)))))
def test_every_message_comes_back_as_it_went(pair: tuple[object, msgspec.Struct]) -> None:
    union, message = pair
    assert decode(encode(message, CONTROL_LIMITS), union, CONTROL_LIMITS) == message


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(ENCODED)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


ANY_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).map(msgspec.msgpack.encode)


@given(st.binary() | damaged() | ANY_VALUE, st.sampled_from(UNIONS))
@settings(max_examples=1_000)
def test_any_bytes_are_a_message_or_a_codec_error(data: bytes, union: object) -> None:
    try:
        message = decode(data, union)
    except CodecError:
        return
    assert decode(encode(message), union) == message


@given(st.binary(max_size=200), st.integers(0, 1 << 40))
def test_any_header_bytes_are_refused(data: bytes, file_bytes: int) -> None:
    try:
        layout.unpack_header(data, file_bytes)
    except LayoutError as error:
        assert error.field in str(error)
    else:
        raise AssertionError("nobody guesses a CRC")


FIELDS = {
    "instance_id": st.binary(min_size=16, max_size=16),
    "sample_rate_hz": st.floats(),
    **dict.fromkeys(
        (
            "generation",
            "writer_start",
            "capacity_frames",
            "audio_offset",
            "timeline_offset",
            "total_bytes",
            "features_required",
        ),
        st.integers(0, (1 << 64) - 1),
    ),
    **dict.fromkeys(("channels", "timeline_capacity", "max_block_frames"), st.integers(0, (1 << 32) - 1)),
}


@given(st.fixed_dictionaries({}, optional=FIELDS), st.integers(0, 1 << 40))
@settings(max_examples=400)
def test_a_header_that_lies_with_a_right_crc_is_refused_or_stays_inside_its_file(
    lies: dict[str, object], file_bytes: int
) -> None:
    try:
        header = layout.unpack_header(layout.pack_header(msgspec.structs.replace(HEADER, **lies)), file_bytes)
    except LayoutError:
        return
    audio_end = header.audio_offset + header.capacity_frames * header.frame_bytes
    timeline_end = header.timeline_offset + header.timeline_capacity * layout.RECORD_BYTES
    assert layout.HEADER_BYTES <= header.timeline_offset <= timeline_end <= header.audio_offset
    assert audio_end <= header.total_bytes <= min(file_bytes, layout.MAX_RING_BYTES)


@given(st.binary(min_size=64, max_size=64))
def test_any_64_bytes_are_a_record_within_reason(data: bytes) -> None:
    record = layout.unpack_record(0, (2).to_bytes(8, "little") + data[8:])
    assert record is not None
    sane = bounded(record)
    assert bounded(sane) == sane
    assert sane.ring_frame == record.ring_frame
    if layout.Flag.LOOP_RANGE in sane.flags:
        assert -MAX_PPQ <= sane.ppq < sane.bpm <= MAX_PPQ
    else:
        assert sane.bpm == 0.0 or MIN_BPM <= sane.bpm <= MAX_BPM


@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=40), st.integers(0, 50), st.integers(0, 9)
)
def test_of_what_came_before_a_frame_only_what_is_in_force_there_is_decoded(
    told: list[tuple[int, bool]], since_frame: int, first: int
) -> None:
    """told: (frame, whether it is a loop range)."""
    kinds = {True: layout.Flag.LOOP_RANGE, False: layout.Flag.PLAYING}
    records = [
        layout.Record(ring_frame=frame, ppq=0.0, bpm=float(is_loop), flags=kinds[is_loop])
        for frame, is_loop in sorted(told, key=lambda one: one[0])
    ]
    data = b"".join(layout.pack_record(first + n, record) for n, record in enumerate(records))
    everything = decode_records(first, data, 1_000)
    assert everything == [bounded(record) for record in records]
    before = [record for record in everything if record.ring_frame < since_frame]
    in_force = {record.flags: n for n, record in enumerate(before)}
    wanted = [before[n] for n in sorted(in_force.values())] + everything[len(before) :]
    assert decode_records(first, data, 1_000, since_frame) == (wanted if since_frame else everything)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "send", "tick", "lose"]),
        st.sampled_from(list(MESSAGES.values())),
        st.integers(0, 2 * SILENCE_LIMIT_US),
    ),
    max_size=30,
)


@given(st.sampled_from(Role), STEPS)
def test_no_order_of_events_leads_out_of_the_table(role: Role, steps: list[tuple[str, object, int]]) -> None:
    session = Session(role, now_us=0, judge=None if role is Role.PLUGIN else lambda h: judge(h, "1", "/d"))
    now_us = 0
    for verb, message, wait_us in steps:
        now_us += wait_us
        before = session.state
        try:
            match verb:
                case "receive":
                    session.receive(message, now_us)  # type: ignore[arg-type]
                case "send":
                    session.send(message, now_us)  # type: ignore[arg-type]
                case "tick":
                    session.tick(now_us)
                case _:
                    session.lose("gone", now_us)
        except ProtocolError:
            assert session.state is before
            if verb == "receive" and not isinstance(message, SENDS[role]):
                assert type(message) not in TRANSITIONS[role][before]
