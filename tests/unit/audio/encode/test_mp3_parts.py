"""A long clip encoded in parts: each frame's coded sound moves, none changes, and nobody hears where one part ends."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.encode import mp3, mp3_parts
from audio.encode.mp3 import encode_mp3
from audio.encode.mp3_decode import decode_mp3
from audio.encode.mp3_frames import FRAMES_PER_MP3_FRAME, Mp3Frame, mp3_frames
from audio.encode.mp3_parts import (
    OVERLAP_FRAMES,
    PAIR_PERIODS,
    PART_PERIODS,
    PERIOD_SAMPLES,
    SETTLED_FRAMES,
    Encoded,
    join_place,
    part_starts,
)
from audio.errors import EncodingFailed
from audio.intake import Samples
from audio.read.reader import read_audio
from tests.support.mp3_bits import Coded, coded_frames
from tests.support.tones import clicks, music_like, sine, soft_noise

FRAMES = 5 * PERIOD_SAMPLES + 777


def _gated(seed: int) -> Samples:
    """Noise that comes and goes: windows switch, the reservoir empties and fills."""
    gate = (np.arange(FRAMES) // 7_777 + seed) % 2
    return soft_noise(FRAMES, seed=seed, level_dbfs=-9) * gate.astype(np.float32)[:, None]


SOUNDS = {
    "music": lambda: music_like(9, 32_000)[:FRAMES],
    "noise": lambda: soft_noise(FRAMES, level_dbfs=-12),
    "mono": lambda: soft_noise(FRAMES, channels=1, level_dbfs=-12),
    "gated": lambda: _gated(1),
    "clicks": lambda: clicks(FRAMES, 3_001, level_dbfs=-3),
    "tone": lambda: sine(440, -12, FRAMES / 44_100, 44_100)[:FRAMES],
    "silence": lambda: np.zeros((FRAMES, 2), np.float32),
}


CASES = [*((sound, 44_100) for sound in SOUNDS), ("music", 32_000), ("gated", 48_000), ("mono", 48_000)]


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two periods, 2.6 s, so that a few seconds have several joins."""
    monkeypatch.setattr(mp3_parts, "PART_PERIODS", 2)


@pytest.fixture
def parts_made(monkeypatch: pytest.MonkeyPatch) -> list[Encoded]:
    """What the encoder made of each part, in order."""
    made: list[Encoded] = []
    real = mp3._lame_stream

    def noted(*arguments: object) -> Encoded:
        made.append(real(*arguments))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(mp3, "_lame_stream", noted)
    return made


def _in_one(clip: Samples, sample_rate_hz: int) -> mp3.Mp3:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mp3_parts, "PART_PERIODS", 1_000_000)
        patch.setattr(mp3_parts, "PAIR_PERIODS", 1_000_000)
        return encode_mp3(clip, sample_rate_hz)


@given(st.integers(1, 192_000 * 900))
def test_parts_follow_from_the_length_alone(frames: int) -> None:
    starts = part_starts(frames)
    assert starts[0] == 0
    assert all(start % PERIOD_SAMPLES == 0 for start in starts)
    lengths = np.diff([*starts, frames // PERIOD_SAMPLES * PERIOD_SAMPLES]) // PERIOD_SAMPLES
    assert lengths.max() <= PART_PERIODS
    assert len(starts) == 1 or lengths.min() >= (PAIR_PERIODS if len(starts) == 2 else PART_PERIODS) // 2


def test_eight_bars_are_two_parts_and_a_bar_is_one() -> None:
    assert len(part_starts(12 * 44_100)) == 1
    assert len(part_starts(16 * 44_100)) == len(part_starts(40 * 44_100)) == 2
    assert len(part_starts(600 * 44_100)) == 16


@pytest.mark.parametrize(("sound", "rate_hz"), CASES)
def test_every_frame_is_one_that_lame_made(
    sound: str, rate_hz: int, short_parts: None, parts_made: list[Encoded]
) -> None:
    joined = coded_frames(encode_mp3(SOUNDS[sound](), rate_hz).stream)
    starts = [start // FRAMES_PER_MP3_FRAME for start in part_starts(FRAMES)]
    parts = [coded_frames(part.stream) for part in parts_made]
    assert len(parts) == len(starts) == 4
    assert all(coded.room_bytes >= 0 for coded in joined), "a frame begins within the one before"
    for number, start in enumerate(starts[1:], 1):
        before, next_start = starts[number - 1], [*starts, len(joined)][number + 1]
        one, other = parts[number - 1], parts[number]
        changes = [
            change
            for change in range(SETTLED_FRAMES, OVERLAP_FRAMES)
            if _same(joined[start : start + change], one[start - before :])
            and _same(joined[start + change : next_start], other[change:])
        ]
        assert changes, "somewhere it changes over from one to the other"


def _same(some: list[Coded], others: list[Coded]) -> bool:
    """Whether the others begin with the coded sound of these."""
    return [(each.side, each.bits) for each in some] == [
        (each.side, each.bits) for each in others[: len(some)]
    ]


@pytest.mark.parametrize(("sound", "rate_hz"), CASES)
def test_a_join_is_not_heard(sound: str, rate_hz: int, short_parts: None) -> None:
    """What coding adds is measured for each granule, beside an encode in one piece."""
    clip = SOUNDS[sound]()
    joined, whole = encode_mp3(clip, rate_hz), _in_one(clip, rate_hz)
    assert len(joined.stream) == len(whole.stream) and joined.info == whole.info

    def noise_power(file: mp3.Mp3) -> np.ndarray:
        error = np.square(read_audio(file.data).samples - clip, dtype=np.float64).mean(axis=1)
        return error[: len(error) // 576 * 576].reshape(-1, 576).mean(axis=1)

    power, usual = noise_power(joined), noise_power(whole)
    near = np.zeros(len(power), bool)
    for start in part_starts(FRAMES)[1:]:
        near[start // 576 :][: 2 * OVERLAP_FRAMES] = True
    least = 1e-10  # -100 dBFS
    assert power[near].max() <= 1.2 * usual.max() + least
    assert power[near].mean() <= 1.2 * usual[near].mean() + least
    assert np.abs(10 * np.log10((power + least) / (usual + least))).mean() < 0.3, "elsewhere it is the same"


@pytest.mark.parametrize("sound", ["music", "mono", "gated"])
def test_it_is_the_same_on_any_number_of_threads(sound: str, short_parts: None) -> None:
    clip = SOUNDS[sound]()
    alone = encode_mp3(clip, 44_100)
    told: list[float] = []
    with ThreadPoolExecutor(3) as pool:
        together = encode_mp3(clip, 44_100, spread=pool.map, progress=told.append)
        assert together == alone
        assert np.array_equal(decode_mp3(together, pool.map), decode_mp3(alone))
    assert told == sorted(told) and told[-1] == 1.0 and len(told) == 4


@pytest.mark.parametrize(("sound", "rate_hz"), CASES)
def test_decoding_in_parts_gives_what_decoding_at_once_gives(
    sound: str, rate_hz: int, short_parts: None
) -> None:
    made = encode_mp3(SOUNDS[sound](), rate_hz)
    at_once = read_audio(made.data).samples
    np.testing.assert_allclose(decode_mp3(made), at_once, rtol=0, atol=2**-22)


def test_a_file_that_does_not_hold_what_its_head_says_is_refused(short_parts: None) -> None:
    made = encode_mp3(SOUNDS["noise"](), 44_100)
    for broken in (replace(made, frames=made.frames - 1), replace(made, stream=made.stream[: -3 * 417])):
        with pytest.raises(EncodingFailed):
            decode_mp3(broken)


def test_parts_that_cannot_be_joined_are_encoded_as_one(
    short_parts: None, monkeypatch: pytest.MonkeyPatch, parts_made: list[Encoded]
) -> None:
    clip = 2.0 * SOUNDS["gated"]()
    whole = _in_one(clip, 44_100)
    parts_made.clear()
    refusals = [True]
    monkeypatch.setattr(
        mp3_parts, "join_place", lambda *frames: None if refusals and refusals.pop() else join_place(*frames)
    )
    made, second = encode_mp3(clip, 44_100), part_starts(FRAMES)[2]
    assert len(parts_made) == 4 + 1, "only the two are encoded again"
    same_bytes = second // PERIOD_SAMPLES * 20_480
    assert made.stream[:same_bytes] == whole.stream[:same_bytes]
    assert made.clipped_samples == whole.clipped_samples
    monkeypatch.setattr(mp3_parts, "join_place", lambda *_: None)
    assert encode_mp3(clip, 44_100) == whole


def test_clipped_samples_are_counted_once(short_parts: None) -> None:
    loud = sine(100, 6.0, FRAMES / 44_100, 44_100)
    assert encode_mp3(loud, 44_100).clipped_samples == np.count_nonzero(np.abs(loud) > 0.95)


def _frames(begins: list[int], windows: list[int]) -> list[Mp3Frame]:
    return [
        Mp3Frame(417 * n, 417, 417 * n + 36, begin, (window, window))
        for n, (begin, window) in enumerate(zip(begins, windows, strict=True))
    ]


def test_a_place_to_change_over_has_room_and_the_same_windows_before_it() -> None:
    count = SETTLED_FRAMES + 4
    long, short = [0] * count, [2] * count
    full, empty, rising = [400] * count, [0] * count, [*range(389, 389 + count)]
    assert join_place(_frames(full, long), _frames(rising, long)) == SETTLED_FRAMES + 3, (
        "the least that is left"
    )
    assert join_place(_frames(empty, long), _frames(empty, long)) == SETTLED_FRAMES
    assert join_place(_frames(empty, long), _frames(full, long)) is None, "no room"
    assert join_place(_frames(full, long), _frames(empty, short)) is None, "aliasing would not cancel"
    switching = [0] * (count - 2) + [2, 0]
    assert join_place(_frames(full, long), _frames(rising, switching)) == SETTLED_FRAMES + 2
    assert join_place(_frames(full, long)[:SETTLED_FRAMES], _frames(full, long)) is None
    assert join_place([], []) is None


def test_only_frames_of_our_kind_are_read() -> None:
    stream = encode_mp3(soft_noise(5_000), 44_100).stream
    whole = mp3_frames(stream, 0, 1_000)
    assert whole[-1].end == len(stream)
    assert [frame.at for frame in mp3_frames(stream, whole[2].at, 2)] == [whole[2].at, whole[3].at]
    assert mp3_frames(stream, 1, 5) == mp3_frames(stream, len(stream), 5) == []
    for header in (b"\xff\xfa\x90\x44", b"\xff\xfb\xa0\x44", b"\xff\xfb\x9c\x44"):
        assert mp3_frames(header + bytes(500), 0, 1) == [], "with CRC, another bit rate, no rate"


def test_a_loop_in_parts_is_decoded_as_it_is_in_one(short_parts: None) -> None:
    loop = soft_noise(FRAMES, level_dbfs=-12)
    made = encode_mp3(loop, 44_100, loops=True)
    with ThreadPoolExecutor(2) as pool:
        assert encode_mp3(loop, 44_100, loops=True, spread=pool.map) == made
        decoded = decode_mp3(made, pool.map)
    np.testing.assert_allclose(decoded, read_audio(made.data).samples, atol=2**-20)
