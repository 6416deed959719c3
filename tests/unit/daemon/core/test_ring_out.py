"""What counts as the ring-out of a take: the sound of a transport that stopped at its end, and nothing else."""

import pytest

from daemon.core.capture import History, last_bars, last_seconds
from daemon.core.ring_out import MAX_TAIL_SECONDS, STOP_SLACK_SECONDS, tail_frames
from plugin_protocol.layout import Flag, Record

RATE_HZ = 48_000
BAR = 96_000
END = 4 * BAR
KNOWN = Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_BAR_START
SLACK = round(STOP_SLACK_SECONDS * RATE_HZ)


def at(frame: int, flags: Flag) -> Record:
    return Record(
        ring_frame=frame,
        ppq=frame / 24_000,
        bpm=120.0,
        bar_start_ppq=frame // BAR * 4.0,
        block_frames=512,
        numerator=4,
        denominator=4,
        flags=KNOWN | flags,
    )


def tail(*records: Record, commit: int) -> int:
    history = History(
        records=[at(0, Flag.PLAYING), *records], oldest_frame=0, commit_frame=commit, sample_rate_hz=RATE_HZ
    )
    cut = last_bars(history, 2, commit, 30.0)
    assert cut.first_frame + cut.frames == END
    return tail_frames(history, cut)


@pytest.mark.parametrize("stopped_late", [0, 100, SLACK])
def test_what_sounds_after_the_stop_is_the_tail(stopped_late: int) -> None:
    assert tail(at(END + stopped_late, Flag(0)), commit=END + 50_000) == 50_000


def test_a_transport_that_goes_on_leaves_no_tail() -> None:
    assert tail(commit=END + 50_000) == 0


def test_a_bar_begun_and_left_is_music_and_no_tail() -> None:
    assert tail(at(END + SLACK + 1, Flag(0)), commit=END + 90_000) == 0


def test_the_tail_ends_where_the_transport_starts_again_or_frames_are_missing() -> None:
    for flag in (Flag.PLAYING, Flag.GAP):
        assert tail(at(END, Flag(0)), at(END + 9_000, flag), commit=END + 50_000) == 9_000
    assert tail(at(END, Flag(0)), at(END + 900, Flag.PLAYING), commit=END + 50_000) == 900


def test_it_is_bounded_and_may_not_be_there_yet() -> None:
    assert tail(at(END, Flag(0)), commit=END + 10 * RATE_HZ) == MAX_TAIL_SECONDS * RATE_HZ
    assert tail(at(END, Flag(0)), commit=END) == 0


def test_seconds_have_no_last_bar() -> None:
    history = History(
        records=[at(0, Flag.PLAYING), at(END, Flag(0))],
        oldest_frame=0,
        commit_frame=2 * END,
        sample_rate_hz=RATE_HZ,
    )
    assert tail_frames(history, last_seconds(history, 2.0, END)) == 0
