"""What is written down as a picture of letters: the grid of a loop or a pattern, the timeline of a song, the players of a machine."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from audio.score.machines import STYLES
from audio.score.shapes import BEATS_PER_BAR, STEPS_PER_BAR
from audio.score.sounds import SOUNDS, sound_of
from relay.wire.scores import Chord, LoopScore, MachineScore, PatternScore, Score, SongScore

_LABEL = 14
_LOUD, _SOFT = 0.75, 0.4
MIN_WIDTH = 40


def picture(score: Score, names: Mapping[str, str], width: int) -> str:
    """Lines of at most `width` characters, or MIN_WIDTH. names: of the loops that a song's blocks name. [any]"""
    width = max(width, MIN_WIDTH)
    match score:
        case LoopScore():
            return "\n".join(_loop(score, width))
        case PatternScore():
            return "\n".join(_pattern(score, width))
        case SongScore():
            return "\n".join(_song(score, names, width))
        case MachineScore():
            return "\n".join(_machine(score))


def _mark(velocity: float) -> str:
    """Loud, plain, soft, or nothing."""
    if velocity <= 0:
        return "."
    return "X" if velocity >= _LOUD else "x" if velocity >= _SOFT else "-"


def _label(text: str) -> str:
    return text[: _LABEL - 1].ljust(_LABEL)


def _loop(loop: LoopScore, width: int) -> Iterator[str]:
    """Bars side by side as far as they fit, chords above."""
    rows: dict[str, list[float]] = {}
    used = {step.sound for step in loop.steps}
    for sound in [name for name in [*SOUNDS, *sorted(used - SOUNDS.keys())] if name in used]:
        rows[sound] = [0.0] * (loop.bars * STEPS_PER_BAR)
    for step in loop.steps:
        row = rows[step.sound]
        row[step.step] = max(row[step.step], step.velocity)
    per_line = _bars_in(width, STEPS_PER_BAR)
    for first in range(0, loop.bars, per_line):
        bars = range(first, min(first + per_line, loop.bars))
        yield _label("") + "".join(f" {f'bar {bar + 1}'.ljust(STEPS_PER_BAR)}" for bar in bars).rstrip()
        if loop.chords:
            yield _label("chords") + "".join(f"|{_chords(loop.chords, bar)}" for bar in bars) + "|"
        for sound, row in rows.items():
            cells = ("".join(map(_mark, row[bar * 16 : bar * 16 + 16])) for bar in bars)
            yield _label(sound_of(sound).label) + "".join(f"|{each}" for each in cells) + "|"


def _bars_in(width: int, columns: int) -> int:
    """How many bars of so many columns fit beside the label: 1, 2, 4 or 8."""
    return max((n for n in (1, 2, 4, 8) if _LABEL + n * (columns + 1) + 1 <= width), default=1)


def _chords(chords: Sequence[Chord], bar: int) -> str:
    """Sixteen columns: each chord from its quarter on, as much of its name as there is room."""
    cells = [" "] * STEPS_PER_BAR
    for chord in chords:
        if chord.beat // BEATS_PER_BAR == bar:
            at = chord.beat % BEATS_PER_BAR * (STEPS_PER_BAR // BEATS_PER_BAR)
            name = chord.root + {"maj": "", "min": "m"}.get(chord.quality, chord.quality)
            for n, letter in enumerate(name[: STEPS_PER_BAR - at]):
                cells[at + n] = letter
    return "".join(cells)


def _pattern(pattern: PatternScore, width: int) -> Iterator[str]:
    """Beats side by side as far as they fit."""
    per_beat = pattern.steps_per_beat
    per_line = max((width - _LABEL - 1) // (per_beat + 1), 1)
    for first in range(0, pattern.beats, per_line):
        beats = range(first, min(first + per_line, pattern.beats))
        if pattern.beats > per_line:
            yield f"{_label('')} beat {first + 1}"
        for row in pattern.rows:
            marks = "".join(map(_mark, row.steps))
            cells = (marks[beat * per_beat : (beat + 1) * per_beat] for beat in beats)
            yield _label(sound_of(row.sound).label) + "".join(f"|{each}" for each in cells) + "|"


def _song(song: SongScore, names: Mapping[str, str], width: int) -> Iterator[str]:
    """A row for each loop; a column for one bar, or for so many that all of it fits."""
    total = max((block.start + block.bars for block in song.blocks), default=0)
    room = width - _LABEL
    bars = next(n for n in (1, 2, 4, 8, 16, 32, 64) if -(-total // n) <= room)
    columns = -(-total // bars)
    if not total:
        return
    yield _label("bars") + f"1 to {total}" + (f", {bars} a column" if bars > 1 else "")
    for loop in dict.fromkeys(block.loop for block in song.blocks):
        plays = _plays(song, loop, bars)
        yield _label(names.get(loop, loop)) + "".join("#" if plays(n) else "." for n in range(columns))


def _plays(song: SongScore, loop: str, bars: int) -> Callable[[int], bool]:
    own = [(block.start, block.start + block.bars) for block in song.blocks if block.loop == loop]
    return lambda n: any(start < (n + 1) * bars and end > n * bars for start, end in own)


def _machine(machine: MachineScore) -> Iterator[str]:
    style = STYLES.get(machine.style)
    for player in machine.players:
        programs = {} if style is None else style.instruments.get(player.instrument, {})
        program = programs.get(player.program)
        said = player.program if program is None else program.label
        loud = "muted" if player.muted else f"{player.volume:.0%}"
        yield f"{_label(player.instrument.replace('-', ' '))}{said.ljust(22)} {loud}"
