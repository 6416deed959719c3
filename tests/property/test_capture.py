"""Bar lines and cuts against a transport that is walked frame by frame."""

from itertools import pairwise

from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st

from daemon.core.bars import bars_of
from daemon.core.capture import Cut, History, NothingToKeep, last_bars, last_seconds
from daemon.core.timeline import runs
from plugin_protocol.layout import Flag
from tests.support.transport import Action, Script, Truth, nearest, play

RATE_HZ = 8000
KEEP = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
METERS = st.sampled_from([(4, 4), (3, 4), (7, 8), (5, 4), (6, 8)])


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Projects whose events lie further apart than one block: of two in one block a host tells only the last."""
    bpm = st.floats(60, 180).map(lambda b: round(b, 3))
    tempos, at = [(0.0, draw(bpm))], 0.0
    for gap, value in draw(st.lists(st.tuples(st.integers(8, 40), bpm), max_size=3)):
        at += gap / 4
        tempos.append((at, value))
    meters, at = [(0.0, *draw(METERS))], 0.0
    for bars, meter in draw(st.lists(st.tuples(st.integers(1, 4), METERS), max_size=2)):
        at += bars * meters[-1][1] * 4 / meters[-1][2]
        if meter != meters[-1][1:]:
            meters.append((at, *meter))
    loop = draw(
        st.none()
        | st.tuples(st.integers(0, 24), st.integers(4, 32)).map(lambda t: (t[0] / 4, (t[0] + t[1]) / 4))
    )
    if loop:
        tempos = [
            t
            for t in tempos
            if min(abs(t[0] - loop[0]), abs(t[0] - loop[1])) >= 2 or t[0] == loop[0] or not t[0]
        ]
        meters = [m for m in meters if abs(m[0] - loop[1]) >= 2 or not m[0]]
    actions = [Action(0, "loop"), Action(draw(st.integers(0, 3000)), "play")]
    kinds = st.sampled_from(["stop", "gap", "seek", "loop", "unloop"])
    for frame, kind, quarter in draw(
        st.lists(st.tuples(st.integers(4000, 60_000), kinds, st.integers(0, 64)), max_size=4)
    ):
        actions.append(Action(frame, kind, quarter / 4))
        if kind == "stop":
            actions.append(Action(frame + draw(st.integers(1, 4000)), "play"))
    return Script(
        rate_hz=RATE_HZ,
        frames=draw(st.integers(40_000, 80_000)),
        tempos=tempos,
        meters=meters,
        loop=loop,
        actions=actions,
        start_ppq=draw(st.integers(0, 20)) / 4,
        blocks=[*draw(st.lists(st.integers(0, 2048), max_size=6)), draw(st.integers(32, 2048))],
        split=draw(st.booleans()),
        wobble=draw(st.just([0]) | st.lists(st.integers(-1, 1), min_size=1, max_size=7)),
    )


def _fair(script: Script, truth: Truth) -> None:
    """Only scripts with one right answer: no move of less than half a quarter, none right beside a bar line, and no
    two events that a host without split blocks would tell as one."""
    assume(not truth.ambiguous)
    by_hand = sorted(a.frame for a in script.actions)
    assume(all(b - a > 2048 for a, b in pairwise(by_hand) if a > 3000))


def _history(script: Script, truth: Truth, oldest_frame: int = 0) -> History:
    return History(
        records=truth.records,
        oldest_frame=oldest_frame,
        commit_frame=script.frames,
        sample_rate_hz=script.rate_hz,
    )


def _tolerance(script: Script) -> int:
    return 1 if not any(script.wobble) else 2


@KEEP
@given(scripts())
@example(
    Script(
        RATE_HZ,
        80_000,
        [(0, 133.3)],
        loop=(4, 8),
        actions=[Action(0, "play"), Action(0, "loop")],
        blocks=[512, 100],
        split=True,
    )
)  # REAPER splits at the loop's end
@example(
    Script(
        RATE_HZ,
        80_000,
        [(0, 97.1)],
        loop=(4, 8),
        actions=[Action(0, "play"), Action(0, "loop")],
        blocks=[480],
        split=True,
        resets=True,
    )
)
@example(
    Script(RATE_HZ, 80_000, [(i / 16, 90 + i / 2) for i in range(200)], blocks=[256], split=True)
)  # a ramp, one step for each block
@example(
    Script(
        RATE_HZ,
        80_000,
        [(0, 120)],
        loop=(5, 7.5),
        actions=[Action(0, "play"), Action(0, "loop")],
        blocks=[2048],
    )
)
def test_every_bar_line_is_where_the_transport_crossed_it(script: Script) -> None:
    truth = play(script)
    _fair(script, truth)
    last_record = truth.records[-1].ring_frame  # what happened inside the last block, nobody has told yet
    found = runs(truth.records, 0, script.frames, script.rate_hz)
    assert [(run.start_frame, run.end_frame) for run in found] == [r for r in truth.runs if r[0] < r[1]]
    for run in found:
        true_lines = [
            nearest(x)
            for x in truth.lines
            if run.start_frame - 0.5 <= x and nearest(x) <= min(run.end_frame, last_record) - 3
        ]
        lines = [x for x in run.lines if x <= min(run.end_frame, last_record) - 3]
        event(f"lines {len(lines)}")
        assert len(lines) == len(true_lines), (lines, true_lines)
        assert all(abs(a - b) <= _tolerance(script) for a, b in zip(lines, true_lines, strict=True)), (
            lines,
            true_lines,
        )


@KEEP
@given(scripts(), st.integers(1, 12), st.integers(1, 80_000), st.integers(0, 50_000))
def test_a_cut_is_one_span_of_whole_bars_of_one_run(script: Script, bars: int, at: int, oldest: int) -> None:
    truth = play(script)
    _fair(script, truth)
    try:
        cut = last_bars(_history(script, truth, oldest), bars, at, 2.0)
    except NothingToKeep as nothing:
        event(nothing.code)
        return
    end, slack = cut.first_frame + cut.frames, _tolerance(script)
    if not cut.anchored:
        event("no whole bar")
        assert "not played one whole bar" in cut.note and end == min(at, script.frames)
        heard = runs(truth.records, oldest, end, script.rate_hz)
        assert not any(len(bars_of(run).lines) > 1 for run in heard)
        return
    assert cut.bars is not None
    assert oldest <= cut.first_frame < end <= min(at, script.frames)
    assert cut.bar_frames[0] == 0 and cut.bar_frames[-1] == cut.frames and len(cut.bar_frames) == cut.bars + 1
    assert all(a < b for a, b in pairwise(cut.bar_frames))
    assert any(first - slack <= cut.first_frame and end <= last + slack for first, last in truth.runs)
    assert not any(cut.first_frame < gap < end for gap in truth.gaps)
    assert (cut.bars < bars) <= bool(cut.note)
    assert cut.tempo_map[0][0] == 0 and all(frame < cut.frames for frame, _ in cut.tempo_map)
    assert (cut.bpm is not None) == (len({bpm for _, bpm in cut.tempo_map}) == 1)


@KEEP
@given(scripts(), st.integers(1, 8), st.integers(10_000, 70_000))
def test_consecutive_cuts_share_the_line_between_them(script: Script, bars: int, at: int) -> None:
    """What is learnt after the button was pressed does not move the line of the cut."""
    assume(script.split)
    truth = play(script)
    _fair(script, truth)
    full = _history(script, truth)
    known = [r for r in truth.records if r.ring_frame <= at]
    early = History(records=known, oldest_frame=0, commit_frame=at, sample_rate_hz=RATE_HZ)
    try:
        cut, later = last_bars(early, bars, at, 2.0), last_bars(full, 64, script.frames, 2.0)
    except NothingToKeep:
        assume(False)
        return
    assume(cut.anchored and later.anchored)
    end = cut.first_frame + cut.frames
    assume(later.first_frame <= end <= later.first_frame + later.frames)
    assert end - later.first_frame in later.bar_frames


@KEEP
@given(scripts(), st.floats(0.1, 12.0), st.integers(1, 80_000))
def test_seconds_end_where_asked_and_never_span_a_gap(script: Script, seconds: float, at: int) -> None:
    truth = play(script)
    cut = last_seconds(_history(script, truth), seconds, at)
    end = min(at, script.frames)
    assert cut.first_frame + cut.frames == end and cut.frames <= round(seconds * RATE_HZ)
    assert not any(cut.first_frame < gap < end for gap in truth.gaps)
    assert (cut.frames < round(seconds * RATE_HZ)) == bool(cut.note)


@KEEP
@given(
    st.floats(80, 160),
    st.sampled_from([1 / 24, 1 / 96, 1 / 16]),
    st.lists(st.integers(16, 600), min_size=1, max_size=5),
)
def test_positions_in_steps_neither_double_nor_lose_a_line(
    bpm: float, step_ppq: float, blocks: list[int]
) -> None:
    """FL Studio advances its position in steps: a line is then known to a step and a block, but there is one of it."""
    script = Script(RATE_HZ, 60_000, [(0, bpm)], blocks=blocks, step_ppq=step_ppq)
    truth = play(script)
    last = truth.records[-1].ring_frame - 2000
    lines = [x for run in runs(truth.records, 0, 60_000, RATE_HZ) for x in run.lines if x < last]
    allowed = step_ppq * 60 / bpm * RATE_HZ + max(blocks) + 1
    true_lines = [x for x in truth.lines if x < last]
    assume(all(abs(x - last) > allowed for x in [*lines, *true_lines]))
    assert len(lines) == len(true_lines)
    assert all(abs(a - b) <= allowed for a, b in zip(lines, true_lines, strict=True))


@KEEP
@given(st.data())
def test_no_record_a_liar_writes_breaks_a_cut(data: st.DataObject) -> None:
    from plugin_protocol.layout import Record

    number = st.floats() | st.floats(0, 1000)
    record = st.builds(
        Record,
        ring_frame=st.integers(0, 100_000),
        ppq=number,
        bpm=number,
        bar_start_ppq=number,
        block_frames=st.integers(0, 2**32 - 1),
        numerator=st.integers(0, 255),
        denominator=st.integers(0, 255),
        flags=st.integers(0, 0xFFF).map(Flag),
    )
    records = data.draw(st.lists(record, max_size=20))
    if data.draw(st.booleans()):
        records.sort(key=lambda r: r.ring_frame)
    history = History(records=records, oldest_frame=100, commit_frame=100_000, sample_rate_hz=48_000.0)
    try:
        cut: Cut = last_bars(history, 8, data.draw(st.integers(0, 200_000)), 2.0)
    except NothingToKeep:
        return
    assert 100 <= cut.first_frame < cut.first_frame + cut.frames <= 100_000
