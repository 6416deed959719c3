"""A scripted transport, and the slow oracle of capture: it counts frame by frame where bar lines are.

`play(script)` walks every frame of a made-up project (tempo and meter map, loop, jumps, stops, gaps), notes the
true bar lines, and emits the timeline records a plugin would write for a given series of block sizes, by the rule
of plugin_protocol.layout: on any change, on a position off by more than PREDICTION_TOLERANCE_FRAMES
(DISCONTINUITY), and otherwise every COALESCE_FRAMES.

Hosts differ in when they tell. `split`: blocks end where tempo or loop turns (REAPER, Ableton); without it the next
block's start is the first to know. `resets`: a wrap lands exactly on the loop's start, at a frame boundary.
`wobble`: positions are a frame off, at random (CLAP hosts). `step_ppq`: positions advance in steps (FL Studio).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from math import ceil, floor

from daemon.core.timeline import STEP_QUARTERS
from plugin_protocol.layout import COALESCE_FRAMES, PREDICTION_TOLERANCE_FRAMES, Flag, Record

EPS = 1e-9


@dataclass(frozen=True)
class Action:
    """What happens at the start of the first block at or behind `frame`."""

    frame: int
    kind: str  # "play", "stop", "seek", "loop", "unloop", "gap"
    ppq: float = 0.0  # seek: where to


@dataclass(frozen=True)
class Script:
    rate_hz: int
    frames: int
    tempos: Sequence[tuple[float, float]]  # (from ppq, bpm), the first from -inf
    meters: Sequence[tuple[float, int, int]] = (
        (0.0, 4, 4),
    )  # (from ppq, numerator, denominator), on bar lines
    loop: tuple[float, float] | None = None
    actions: Sequence[Action] = (Action(0, "play"),)
    blocks: Sequence[int] = (512,)  # repeated
    start_ppq: float = 0.0
    split: bool = False
    resets: bool = False
    wobble: Sequence[int] = (0,)  # repeated, one for each block
    step_ppq: float = 0.0
    valid: Flag = Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_BAR_START
    tells_loop: bool = True


@dataclass
class Truth:
    """What really happened, and what the host said of it."""

    records: list[Record] = field(default_factory=list)
    lines: list[float] = field(
        default_factory=list
    )  # ring frames, not rounded; within one Run no two within 1
    runs: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    ambiguous: bool = (
        False  # two events in one block, a move right beside a line, or a tiny one: either reading is right
    )


class Transport:
    """The project's clock. `advance` moves it by one frame; `lines` collects what it crosses."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.ppq = script.start_ppq
        self.playing = self.looping = False
        self.frame = self.run_start = 0
        self.lines: list[float] = []
        self.turned = False  # tempo or loop turned within the last frame: a splitting host ends its block
        self.look_ahead()

    def bpm(self) -> float:
        return [
            bpm for ppq, bpm in self.script.tempos if ppq <= self.ppq + EPS or ppq is self.script.tempos[0][0]
        ][-1]

    def meter(self) -> tuple[float, int, int]:
        first = self.script.meters[0]
        return [m for m in self.script.meters if m[0] <= self.ppq + EPS or m is first][-1]

    def bar_start(self) -> float:
        base, numerator, denominator = self.meter()
        bar = numerator * 4 / denominator
        return base + floor((self.ppq - base) / bar + EPS) * bar

    def next_line(self) -> float:
        """ppq of the first bar line behind the position."""
        _, numerator, denominator = self.meter()
        line = self.bar_start() + numerator * 4 / denominator
        return min([line, *(m[0] for m in self.script.meters if m[0] > self.ppq + EPS)])

    def distance_to_line(self) -> float:
        """Frames to the nearest bar line."""
        near = min(abs(self.ppq - self.bar_start()), abs(self.next_line() - self.ppq))
        return near / (self.bpm() / 60 / self.script.rate_hz)

    def land(self, at: float) -> None:
        """The transport starts or arrives here: a line that lies right here counts."""
        if abs(self.ppq - self.bar_start()) < EPS * 10:
            self.note(at)

    def note(self, at: float) -> None:
        if not self.lines or at - self.lines[-1] > 1.0:
            self.lines.append(at)

    def advance(self) -> None:
        self.frame += 1
        self.turned = False
        if not self.playing:
            return
        if self.quiet_until <= self.ppq + self.per_frame:
            self.advance_past_marks()
        else:
            self.ppq += self.per_frame

    def advance_past_marks(self) -> None:
        """One frame in which something may happen: from mark to mark, in fractions of the frame."""
        left, loop = 1.0, self.script.loop if self.looping else None
        while left > EPS:
            per_frame = self.bpm() / 60 / self.script.rate_hz
            line = self.next_line()
            tempos = [ppq for ppq, _ in self.script.tempos if ppq > self.ppq + EPS]
            ends = [loop[1]] if loop and self.ppq < loop[1] - EPS else []
            goal = min([line, *tempos, *ends])
            if goal > self.ppq + left * per_frame + EPS:
                self.ppq += left * per_frame
                break
            left -= (goal - self.ppq) / per_frame
            self.ppq = goal
            if goal == line:
                self.note(self.frame - left)
            self.turned |= goal in tempos
            if goal in ends:
                assert loop is not None
                self.ppq, self.turned = loop[0], True
                left = 0.0 if self.script.resets else left
                self.land(self.frame - left)
        self.look_ahead()

    def look_ahead(self) -> None:
        """Until where nothing happens. To be called whenever the position or the loop was changed by hand."""
        tempos = [ppq for ppq, _ in self.script.tempos if ppq > self.ppq + EPS]
        ends = (
            [self.script.loop[1]]
            if self.looping and self.script.loop and self.ppq < self.script.loop[1]
            else []
        )
        self.quiet_until = min([self.next_line(), *tempos, *ends]) - 2 * EPS
        self.per_frame = self.bpm() / 60 / self.script.rate_hz


def play(script: Script) -> Truth:
    """Every frame of the script."""
    truth, host, transport = Truth(), Host(script), Transport(script)
    pending = sorted(script.actions, key=lambda a: a.frame)
    blocks, wobble = cycle(script.blocks), cycle(script.wobble)
    gap = turned = False
    while transport.frame < script.frames:
        while pending and pending[0].frame <= transport.frame:
            gap |= pending[0].kind == "gap"
            truth.ambiguous |= turned
            act(pending.pop(0), transport, truth)
        size = min(next(blocks), script.frames - transport.frame)
        start, turned = transport.frame, False
        gap &= not host.say(transport, size, next(wobble), gap)
        while transport.frame < start + size:
            transport.advance()
            turned |= transport.turned
            if script.split and transport.turned:
                break
    if transport.playing:
        truth.runs.append((transport.run_start, transport.frame))
    truth.records, truth.lines = host.records, transport.lines
    return truth


def act(action: Action, transport: Transport, truth: Truth) -> None:
    """Carry out one action between two blocks."""
    was_playing, kind = transport.playing, action.kind
    truth.ambiguous |= (
        was_playing and kind in ("seek", "stop", "gap") and 1e-3 < transport.distance_to_line() < 5
    )
    if was_playing and kind in ("stop", "gap"):
        truth.runs.append((transport.run_start, transport.frame))
    if kind == "gap":
        truth.gaps.append(transport.frame)
    elif kind in ("play", "stop"):
        transport.playing = kind == "play"
    elif kind in ("loop", "unloop"):
        transport.looping = kind == "loop"
    else:  # so short a way may also be a host's position that advances in steps
        truth.ambiguous |= was_playing and abs(action.ppq - transport.ppq) <= STEP_QUARTERS
        transport.ppq = action.ppq
    if transport.playing and (kind == "gap" or not was_playing):
        transport.run_start = transport.frame
    if transport.playing and (kind == "seek" or not was_playing):
        transport.land(transport.frame)
    transport.look_ahead()


class Host:
    """What the host says at each block's start, and the plugin's rule of when that is worth a record."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.records: list[Record] = []
        self.last: Record | None = None
        self.loop: tuple[float, float] | None = None

    def say(self, transport: Transport, size: int, wobble: int, gap: bool) -> bool:
        script, per_frame = self.script, transport.bpm() / 60 / self.script.rate_hz
        loop = script.loop if transport.looping and script.tells_loop else None
        if loop and loop != self.loop:
            self.loop = loop
            self.records.append(
                Record(ring_frame=transport.frame, ppq=loop[0], bpm=loop[1], flags=Flag.LOOP_RANGE)
            )
        ppq = transport.ppq + (wobble * per_frame if transport.playing else 0.0)
        if script.step_ppq:
            ppq = floor(ppq / script.step_ppq + EPS) * script.step_ppq
        _, numerator, denominator = transport.meter()
        flags = script.valid
        flags |= Flag.PLAYING if transport.playing else Flag(0)
        flags |= Flag.LOOPING if transport.looping else Flag(0)
        record = Record(
            ring_frame=transport.frame,
            ppq=ppq,
            bpm=transport.bpm(),
            bar_start_ppq=transport.bar_start(),
            block_frames=size,
            numerator=numerator,
            denominator=denominator,
            flags=flags,
        )
        return self.emit(record, gap)

    def emit(self, record: Record, gap: bool) -> bool:
        last, extra = self.last, Flag.GAP if gap else Flag(0)
        if last is not None and not gap:
            per_frame = last.bpm / 60 / self.script.rate_hz
            since = record.ring_frame - last.ring_frame
            moved = last.ppq + since * per_frame * (Flag.PLAYING in last.flags)
            if abs(record.ppq - moved) > PREDICTION_TOLERANCE_FRAMES * per_frame:
                extra |= Flag.DISCONTINUITY
            same = (last.bpm, last.numerator, last.denominator, last.flags) == (
                record.bpm,
                record.numerator,
                record.denominator,
                record.flags,
            )
            due = since >= COALESCE_FRAMES and Flag.PLAYING in record.flags
            if same and not extra and not due:
                return False
        self.last = record
        self.records.append(
            Record(
                **{f: getattr(record, f) for f in record.__struct_fields__} | {"flags": record.flags | extra}
            )
        )
        return True


def nearest(frame: float) -> int:
    """Nearest whole frame, ties down."""
    return ceil(frame - 0.5)
