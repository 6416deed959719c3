"""Cuts in cases a person meets, with figures worked out by hand: 48 kHz, 120 BPM, so 24,000 frames a quarter."""

import pytest

from daemon.core.capture import History, NothingToKeep, between, last_bars, last_seconds
from plugin_protocol.layout import Flag, Record

RATE_HZ = 48_000
BEAT = 24_000
BAR = 4 * BEAT
KNOWN = Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_BAR_START
PLAYING = KNOWN | Flag.PLAYING


def at(
    frame: int,
    ppq: float,
    flags: Flag = PLAYING,
    *,
    bpm: float = 120.0,
    bar_start: float | None = None,
    meter: tuple[int, int] = (4, 4),
) -> Record:
    bar = meter[0] * 4 / meter[1]
    return Record(
        ring_frame=frame,
        ppq=ppq,
        bpm=bpm,
        bar_start_ppq=ppq // bar * bar if bar_start is None else bar_start,
        block_frames=512,
        numerator=meter[0],
        denominator=meter[1],
        flags=flags,
    )


def loop_range(frame: int, start: float, end: float) -> Record:
    return Record(ring_frame=frame, ppq=start, bpm=end, flags=Flag.LOOP_RANGE)


def history(*records: Record, commit: int, oldest: int = 0) -> History:
    return History(records=records, oldest_frame=oldest, commit_frame=commit, sample_rate_hz=RATE_HZ)


def test_the_last_bars_end_on_the_last_bar_line_before_the_button() -> None:
    cut = last_bars(history(at(1000, 0.0), commit=1000 + 10 * BAR + 77), 8, 1000 + 10 * BAR + 77, 30.0)
    assert (cut.first_frame, cut.frames, cut.bars, cut.anchored) == (1000 + 2 * BAR, 8 * BAR, 8, True)
    assert cut.bar_frames == tuple(k * BAR for k in range(9))
    assert (cut.bpm, cut.meter, cut.tempo_map, cut.note) == (120.0, (4, 4), ((0, 120.0),), "")


def test_a_button_pressed_one_frame_early_does_not_get_the_bar() -> None:
    whole = history(at(0, 0.0), commit=20 * BAR)
    assert last_bars(whole, 1, 3 * BAR, 30.0).first_frame == 2 * BAR
    assert last_bars(whole, 1, 3 * BAR - 1, 30.0).first_frame == BAR


def test_fractional_lines_go_to_the_nearest_frame_ties_down() -> None:
    """At 128 BPM and 48 kHz a 7/8 bar is 78,750 frames; half a frame into the grid, every line is a tie."""
    rate = 128.0 / 60 / RATE_HZ
    start = at(0, -0.5 * rate, bpm=128.0, bar_start=0.0, meter=(7, 8))
    cut = last_bars(history(start, commit=400_000), 4, 400_000, 30.0)
    assert (
        cut.first_frame == 78_750
        and cut.bar_frames == (0, 78_750, 157_500, 236_250, 315_000)[: len(cut.bar_frames)]
    )


def test_a_run_that_starts_inside_a_bar_has_no_whole_bar_before_the_first_line() -> None:
    cut = last_bars(history(at(0, 1.0), commit=3 * BEAT + 2 * BAR), 8, 3 * BEAT + 2 * BAR, 30.0)
    assert (cut.first_frame, cut.bars) == (3 * BEAT, 2)
    assert "Only 2 whole bars were heard" in cut.note


def test_after_a_stop_the_last_bars_are_those_before_it() -> None:
    stopped = history(at(0, 0.0), at(5 * BAR + 9, 20.0, KNOWN), commit=9 * BAR)
    cut = last_bars(stopped, 2, 9 * BAR, 30.0)
    assert (cut.first_frame, cut.frames) == (3 * BAR, 2 * BAR)
    assert "last time the transport played" in cut.note


def test_a_stop_on_the_bar_line_leaves_the_bar_whole() -> None:
    cut = last_bars(history(at(0, 0.0), at(2 * BAR, 8.0, KNOWN), commit=3 * BAR), 1, 3 * BAR, 30.0)
    assert (cut.first_frame, cut.frames) == (BAR, BAR)


def test_a_restart_with_no_whole_bar_yet_gives_the_bars_before_it() -> None:
    restarted = history(at(0, 0.0), at(3 * BAR, 0.0, KNOWN), at(4 * BAR, 0.0), commit=4 * BAR + BEAT)
    assert last_bars(restarted, 2, 4 * BAR + BEAT, 30.0).first_frame == BAR


def test_a_gap_is_never_spanned_even_when_positions_go_on() -> None:
    torn = history(at(0, 0.0), at(2 * BAR, 8.0, PLAYING | Flag.GAP), commit=5 * BAR)
    cut = last_bars(torn, 8, 5 * BAR, 30.0)
    assert (cut.first_frame, cut.bars) == (2 * BAR, 3)
    assert "missing" in cut.note
    assert last_seconds(torn, 60.0, 5 * BAR).first_frame == 2 * BAR


def test_what_the_ring_has_forgotten_is_not_cut() -> None:
    cut = last_bars(history(at(0, 0.0), commit=9 * BAR, oldest=3 * BAR + 1), 8, 9 * BAR, 30.0)
    assert (cut.first_frame, cut.bars) == (4 * BAR, 5)
    assert "memory" in cut.note


def test_a_loop_is_heard_once_for_each_pass_with_one_line_where_it_turns() -> None:
    """A host that does not split: the block after each turn is the first to know, 200 frames late."""
    turns = [
        at(BAR * 2 * k + 200, 200 / BEAT, PLAYING | Flag.LOOPING | Flag.DISCONTINUITY) for k in (1, 2, 3)
    ]
    looped = history(loop_range(0, 0.0, 8.0), at(0, 0.0, PLAYING | Flag.LOOPING), *turns, commit=7 * BAR)
    cut = last_bars(looped, 6, 7 * BAR, 30.0)
    assert cut.bar_frames == tuple(k * BAR for k in range(7)) and cut.first_frame == BAR
    assert cut.note == ""


def test_the_turn_of_a_loop_is_known_before_the_next_block_tells_of_it() -> None:
    looped = history(loop_range(0, 0.0, 8.0), at(0, 0.0, PLAYING | Flag.LOOPING), commit=2 * BAR + 100)
    assert last_bars(looped, 1, 2 * BAR + 100, 30.0).first_frame == BAR


def test_a_jump_onto_a_bar_line_is_a_bar_line_and_a_bar_cut_short_is_one_bar() -> None:
    jumped = history(at(0, 0.0), at(BAR + BEAT, 16.0, PLAYING | Flag.DISCONTINUITY), commit=2 * BAR + BEAT)
    cut = last_bars(jumped, 3, 2 * BAR + BEAT, 30.0)
    assert cut.bar_frames == (0, BAR, BAR + BEAT, 2 * BAR + BEAT)


def test_two_lines_a_thousand_frames_apart_are_two() -> None:
    jumped = history(at(0, 0.0), at(BAR + 1000, 16.0, PLAYING | Flag.DISCONTINUITY), commit=2 * BAR + 1000)
    assert last_bars(jumped, 3, 2 * BAR + 1000, 30.0).bar_frames == (0, BAR, BAR + 1000, 2 * BAR + 1000)


def test_a_loop_moved_in_the_block_of_its_turn_turned_where_it_was_before() -> None:
    """The old range ends inside a bar, so only it can tell that its start was reached 200 frames before the record."""
    looping = PLAYING | Flag.LOOPING
    turn = 6 * BEAT
    moved = history(
        loop_range(0, 0.0, 6.0),
        at(0, 0.0, looping),
        loop_range(turn + 200, 0.0, 16.0),
        at(turn + 200, 200 / BEAT, looping | Flag.DISCONTINUITY),
        commit=turn + BAR,
    )
    assert last_bars(moved, 3, turn + BAR, 30.0).bar_frames == (0, BAR, turn, turn + BAR)


def test_a_meter_that_changes_inside_a_bar_and_a_block_starts_its_bar_there() -> None:
    change = 5 * BEAT // 2
    changed = history(
        at(0, 0.0), at(change + 300, 2.5 + 300 / BEAT, bar_start=2.5, meter=(3, 4)), commit=change + 6 * BEAT
    )
    cut = last_bars(changed, 3, change + 6 * BEAT, 30.0)
    assert cut.bar_frames == (0, change, change + 3 * BEAT, change + 6 * BEAT)
    assert (last_bars(changed, 1, change, 30.0).meter, cut.meter) == ((4, 4), None)


def test_a_jump_inside_a_bar_is_said() -> None:
    jumped = history(at(0, 0.0), at(BAR + BEAT, 18.0, PLAYING | Flag.DISCONTINUITY), commit=2 * BAR)
    cut = last_bars(jumped, 2, 2 * BAR, 30.0)
    assert cut.bar_frames == (0, BAR, BAR + 3 * BEAT)
    assert "jumped inside a bar" in cut.note


def test_a_tempo_change_inside_a_block_is_solved_for() -> None:
    """120 to 240 BPM at frame 1,000 of a block of 2,048, in the middle of bar 1."""
    change = 2 * BEAT + 1000
    ppq = change / BEAT + 1048 / (BEAT / 2)
    changed = history(
        at(0, 0.0), at(2 * BEAT, 2.0), at(2 * BEAT + 2048, ppq, bpm=240.0, bar_start=0.0), commit=3 * BAR
    )
    cut = last_bars(changed, 1, change + (BAR - change) // 2, 30.0)
    assert cut.frames == change + (BAR - change) // 2
    assert (cut.bpm, cut.tempo_map) == (None, ((0, 120.0), (change, 240.0)))


def test_a_tempo_change_on_the_cuts_own_line_leaves_its_tempo_known() -> None:
    changed = history(at(0, 0.0), at(2 * BAR, 8.0, bpm=90.0), commit=4 * BAR)
    cut = last_bars(changed, 1, 2 * BAR, 30.0)
    assert (cut.bpm, cut.tempo_map) == (120.0, ((0, 120.0),))
    assert last_bars(changed, 1, 4 * BAR, 30.0).bpm == 90.0


def test_a_meter_change_starts_a_new_grid() -> None:
    changed = history(at(0, 0.0), at(BAR, 4.0, meter=(3, 4), bar_start=4.0), commit=BAR + 6 * BEAT)
    cut = last_bars(changed, 3, BAR + 6 * BEAT, 30.0)
    assert (cut.bar_frames, cut.meter) == ((0, BAR, BAR + 3 * BEAT, BAR + 6 * BEAT), None)
    assert last_bars(changed, 2, BAR + 6 * BEAT, 30.0).meter == (3, 4)


def test_bar_starts_not_given_are_counted_from_the_projects_start_and_said_so() -> None:
    cut = last_bars(history(at(0, 2.0, PLAYING & ~Flag.VALID_BAR_START), commit=4 * BAR), 1, 4 * BAR, 30.0)
    assert cut.first_frame + cut.frames == 2 * BEAT + 3 * BAR
    assert "counted from the start of the project" in cut.note


def test_bar_starts_not_given_under_a_changing_meter_are_not_invented() -> None:
    flags = PLAYING & ~Flag.VALID_BAR_START
    changed = history(at(0, 0.0, flags), at(BAR, 4.0, flags, meter=(3, 4)), commit=4 * BAR)
    cut = last_bars(changed, 1, 4 * BAR, 1.0)
    assert (cut.anchored, cut.frames) == (False, RATE_HZ)
    assert "does not say where bars start" in cut.note


def test_without_any_transport_seconds_are_kept_and_the_cut_says_so() -> None:
    cut = last_bars(history(commit=10 * RATE_HZ), 8, 10 * RATE_HZ, 4.0)
    assert (cut.bars, cut.anchored, cut.bar_frames, cut.frames) == (None, False, (), 4 * RATE_HZ)
    assert (cut.bpm, cut.meter, cut.tempo_map) == (None, None, ())
    assert "not cut on bar lines" in cut.note


def test_a_transport_that_played_no_whole_bar_gives_what_there_is_and_says_so() -> None:
    cut = last_bars(history(at(0, 0.0), commit=BAR - 1), 8, BAR - 1, 30.0)
    assert (cut.first_frame, cut.frames, cut.anchored, cut.bars) == (0, BAR - 1, False, None)
    assert "not played one whole bar" in cut.note and "Only" in cut.note


def test_who_plays_while_the_transport_stands_gets_as_long_as_the_bars_would_be() -> None:
    stands = at(0, 0.0, flags=Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER)
    cut = last_bars(history(stands, commit=10 * BAR), 4, 10 * BAR, 30.0)
    assert (cut.frames, cut.anchored) == (4 * BAR, False) and "as long as 4 bars" in cut.note


def test_nothing_heard_keeps_nothing() -> None:
    for empty in (history(commit=0), history(commit=9000, oldest=5000)):
        with pytest.raises(NothingToKeep, match="no audio") as caught:
            last_seconds(empty, 1.0, 5000)
        assert caught.value.code == "nothing_heard"


def test_seconds_know_their_tempo_only_when_the_transport_played_all_through() -> None:
    played = history(at(RATE_HZ, 0.0), commit=4 * RATE_HZ)
    assert last_seconds(played, 2.0, 4 * RATE_HZ).bpm == 120.0
    assert last_seconds(played, 4.0, 4 * RATE_HZ).bpm is None


def test_a_button_ahead_of_the_ring_is_taken_as_now() -> None:
    assert last_seconds(history(commit=RATE_HZ), 1.0, 10**12).frames == RATE_HZ


def test_unknown_tempo_stays_unknown_though_positions_give_the_lines() -> None:
    flags = PLAYING & ~Flag.VALID_BPM
    records = [at(k * 512, k * 512 / BEAT, flags, bpm=0.0) for k in range(3 * BAR // 512)]
    cut = last_bars(history(*records, commit=3 * BAR), 1, 3 * BAR, 30.0)
    assert (cut.first_frame, cut.frames, cut.bpm, cut.tempo_map) == (BAR, BAR, None, ())


def looped_beats(beats: float, passes: int, start: float = 0.0) -> History:
    """A loop from the quarter `start` on, by a host that splits its blocks where it turns."""
    looping = PLAYING | Flag.LOOPING
    length = round(beats * BEAT)
    turns = [at(k * length, start, looping | Flag.DISCONTINUITY * bool(k)) for k in range(passes)]
    return history(loop_range(0, start, start + beats), *turns, commit=passes * length + 10)


@pytest.mark.parametrize("beats", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("start", [0.0, 1.0])
def test_eight_bars_of_a_loop_of_a_part_of_a_bar_are_eight_bars_long(beats: float, start: float) -> None:
    """Also where the loop lies between two lines, so that the transport crosses none."""
    passes = int(8 * 4 / beats) + 3
    cut = last_bars(looped_beats(beats, passes, start), 8, passes * round(beats * BEAT), 30.0)
    assert cut.bar_frames == tuple(k * BAR for k in range(9))
    assert (cut.bars, cut.first_frame % round(beats * BEAT), cut.note) == (8, 0, "")


def test_a_loop_that_is_no_part_of_a_bar_is_cut_where_it_turns_and_told() -> None:
    cut = last_bars(looped_beats(3.5, 12), 8, 12 * 84_000, 30.0)
    assert cut.bar_frames == tuple(k * 84_000 for k in range(9))
    assert "not all bars are of full length" in cut.note


@pytest.mark.parametrize("lost", [Flag.VALID_PPQ, Flag.VALID_METER, Flag.VALID_BPM, Flag.VALID_BAR_START])
def test_one_block_without_a_position_costs_nothing(lost: Flag) -> None:
    """A NaN: the writer leaves the field out, and says all again with the next block."""
    bad, good = 5 * BAR + 300, 5 * BAR + 812
    torn = history(
        at(0, 0.0),
        at(bad, bad / BEAT, PLAYING & ~lost, bar_start=20.0),
        at(good, good / BEAT, bar_start=20.0),
        commit=9 * BAR,
    )
    cut = last_bars(torn, 8, 9 * BAR, 30.0)
    assert cut.bar_frames == tuple(k * BAR for k in range(9))
    assert (cut.bpm, cut.meter, cut.note) == (120.0, (4, 4), "")


def test_a_host_that_long_does_not_say_where_it_is_ends_the_run_and_the_note_says_so() -> None:
    lost = PLAYING & ~Flag.VALID_PPQ
    torn = history(at(0, 0.0), at(2 * BAR, 0.0, lost), at(3 * BAR, 12.0), commit=6 * BAR)
    cut = last_bars(torn, 8, 6 * BAR, 30.0)
    assert (cut.first_frame, cut.bars) == (3 * BAR, 3)
    assert "did not say where it is" in cut.note


def test_a_tempo_without_a_position_is_kept_and_gives_the_length() -> None:
    flags = Flag.PLAYING | Flag.VALID_BPM | Flag.VALID_METER
    cut = last_bars(history(at(0, 0.0, flags), commit=20 * BAR), 8, 20 * BAR, 30.0)
    assert (cut.frames, cut.anchored, cut.bars) == (8 * BAR, False, None)
    assert (cut.bpm, cut.meter, cut.tempo_map) == (120.0, (4, 4), ((0, 120.0),))
    assert "not cut on bar lines" in cut.note and "8 bars of 4/4 at 120 BPM" in cut.note
    only_tempo = history(at(0, 0.0, Flag.PLAYING | Flag.VALID_BPM), commit=20 * BAR)
    cut = last_bars(only_tempo, 8, 20 * BAR, 2.0)
    assert (cut.frames, cut.bpm, cut.meter) == (2 * RATE_HZ, 120.0, None)


def test_how_far_memory_goes_is_told_in_seconds() -> None:
    cut = last_bars(history(at(0, 0.0), commit=9 * BAR, oldest=3 * BAR), 8, 9 * BAR, 30.0)
    assert cut.bars == 6 and "(12.0 s)" in cut.note


def test_a_span_goes_from_the_nearest_line_to_the_nearest_line_of_the_run_that_it_lies_in() -> None:
    stop = at(10 * BAR, 40.0, flags=KNOWN)
    played = history(at(0, 0.0), stop, commit=20 * BAR)
    cut = between(played, 2 * BAR + 900, 5 * BAR - 900, snap=True)
    assert (cut.first_frame, cut.bars, cut.anchored, cut.note) == (2 * BAR, 3, True, "")
    assert between(played, 3 * BAR, 3 * BAR + 5, snap=True).bars == 1, "never nothing"
    assert between(played, 8 * BAR, 19 * BAR, snap=True).bars == 2, "what came after the stop has no bars"
    free = between(played, 2 * BAR + 900, 5 * BAR - 900, snap=False)
    assert (free.first_frame, free.frames, free.bpm) == (2 * BAR + 900, 3 * BAR - 1_800, 120.0)


def test_a_span_across_a_stop_is_not_cut_on_bars_and_says_why() -> None:
    twice = history(at(0, 0.0), at(4 * BAR, 16.0, flags=KNOWN), at(5 * BAR, 0.0), commit=9 * BAR)
    cut = between(twice, BAR, 8 * BAR, snap=True)
    assert (cut.first_frame, cut.frames, cut.anchored) == (
        BAR,
        7 * BAR,
        False,
    ) and "stopped in between" in cut.note
