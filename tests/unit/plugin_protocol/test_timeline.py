import math

import pytest

from plugin_protocol.layout import RECORD_BYTES, Flag, Record, pack_record
from plugin_protocol.timeline import bounded, decode_records

KNOWN = Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_PROJECT_FRAME | Flag.VALID_BAR_START
GOOD = Record(
    ring_frame=7,
    project_frame=-5,
    ppq=1.5,
    bpm=120.0,
    bar_start_ppq=0.0,
    block_frames=64,
    numerator=4,
    denominator=4,
    flags=KNOWN | Flag.PLAYING,
)


def changed(**fields: object) -> Record:
    import msgspec

    return msgspec.structs.replace(GOOD, **fields)


def test_a_sound_record_is_left_as_it_is() -> None:
    assert bounded(GOOD) == GOOD


@pytest.mark.parametrize(
    ("fields", "lost", "zeroed"),
    [
        ({"ppq": math.nan}, Flag.VALID_PPQ, "ppq"),
        ({"ppq": 1e300}, Flag.VALID_PPQ, "ppq"),
        ({"bpm": math.inf}, Flag.VALID_BPM, "bpm"),
        ({"bpm": 0.0}, Flag.VALID_BPM, "bpm"),
        ({"bpm": -120.0}, Flag.VALID_BPM, "bpm"),
        ({"numerator": 0}, Flag.VALID_METER, "denominator"),
        ({"denominator": 3}, Flag.VALID_METER, "numerator"),
        ({"project_frame": -(1 << 63)}, Flag.VALID_PROJECT_FRAME, "project_frame"),
        ({"bar_start_ppq": math.nan}, Flag.VALID_BAR_START, "bar_start_ppq"),
    ],
)
def test_a_field_that_cannot_be_true_becomes_unknown_and_takes_no_other_with_it(
    fields: dict[str, float], lost: Flag, zeroed: str
) -> None:
    found = bounded(changed(**fields))
    assert found.flags == GOOD.flags & ~lost
    assert getattr(found, zeroed) == 0


@pytest.mark.parametrize(("start", "end"), [(4.0, 4.0), (8.0, 4.0), (math.nan, 4.0), (0.0, math.inf)])
def test_a_loop_whose_end_is_not_behind_its_start_is_none(start: float, end: float) -> None:
    assert (
        Flag.LOOP_RANGE not in bounded(Record(ring_frame=0, ppq=start, bpm=end, flags=Flag.LOOP_RANGE)).flags
    )


def test_a_loop_keeps_an_end_that_would_be_no_tempo() -> None:
    loop = Record(ring_frame=0, ppq=-8.0, bpm=0.0, flags=Flag.LOOP_RANGE)
    assert bounded(loop) == loop


def test_half_written_other_unannounced_and_backward_records_are_left_out() -> None:
    records = [Record(ring_frame=frame) for frame in (0, 512, 400, 1_024, 9_999)]
    data = bytearray(b"".join(pack_record(40 + i, record) for i, record in enumerate(records)))
    assert [r.ring_frame for r in decode_records(40, data, 2_000)] == [0, 512, 1_024]
    data[RECORD_BYTES : RECORD_BYTES + 8] = (2 * 41 + 1).to_bytes(8, "little")
    assert [r.ring_frame for r in decode_records(40, data, 2_000)] == [0, 400, 1_024]
    assert decode_records(41, data, 2_000) == []
