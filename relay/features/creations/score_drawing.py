"""A score as a picture: a lane for each sound of it (for each loop, of a song), a mark for each note. Values in, values out."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from audio.score.chords import pitch_class
from audio.score.events import TICKS_PER_QUARTER, Compiled, Note
from audio.score.shapes import BEATS_PER_BAR, Chord, Loop, Song
from audio.score.sounds import SOUNDS, sound_of

WIDTH = 1_000
"""Of a lane, in units of its own: a page stretches it."""
LANE_HEIGHT, LANE_MARGIN = 20, 2
MARK_HEIGHT = 4
LEAST_WIDTH = 3
HUES = 8
_HUES = {
    "drum-kick": 0,
    "drum-snare": 7,
    "drum-clap": 7,
    "drum-rim": 7,
    "hat-closed": 1,
    "hat-open": 1,
    "tom-low": 0,
    "tom-high": 0,
    "cymbal": 1,
    "shaker": 2,
    "cowbell": 2,
    "bass": 4,
    "keys": 5,
    "synth-lead": 6,
    "synth-pluck": 3,
    "pad": 5,
    "piano": 5,
    "brass": 6,
}
"""Those of the studio's page (elements.js, music.js), which a test holds to these."""
_DEGREE_HUES = (0, 4, 3, 5, 1, 6, 2, 5, 7, 2, 6, 7)
_ENDINGS = {
    "maj": "",
    "min": "m",
    "dim": "°",
    "aug": "+",
    "min7": "m7",
    "m7b5": "m7♭5",
    "dim7": "°7",
    "min9": "m9",
}


class Lane(Struct, frozen=True, kw_only=True):
    """path: of its marks, WIDTH by LANE_HEIGHT. hue: of the eight colours of the site. color: its own, instead."""

    label: str
    path: str
    hue: int = 0
    color: str | None = None


class ChordMark(Struct, frozen=True, kw_only=True):
    """start, width: in percent of the whole."""

    label: str
    start: float
    width: float
    hue: int


class Drawing(Struct, frozen=True, kw_only=True):
    """bars: of the whole, and where each begins, in percent. words: what it shows, for who cannot see it."""

    lanes: list[Lane]
    chords: list[ChordMark]
    bars: list[float]
    words: str


def sound_hue(sound: str) -> int:
    """[any]"""
    return _HUES.get(sound, sum(map(ord, sound)) % HUES)


def drawing_of(shape: object, compiled: Compiled, loops: Mapping[str, Loop]) -> Drawing:
    """shape: of audio.score.shapes, compiled: of it, loops: those that a song names, by the ids in its blocks. [any]"""
    lanes = _song_lanes(shape, loops) if isinstance(shape, Song) else _sound_lanes(compiled)
    chords = _chords(shape) if isinstance(shape, Loop) else []
    bar = compiled.beats_per_bar * TICKS_PER_QUARTER
    bars = [round(100 * start / compiled.length, 3) for start in range(0, compiled.length, bar)]
    of_what = ", ".join(lane.label for lane in lanes) or "nothing yet"
    words = f"{len(bars)} bar{'' if len(bars) == 1 else 's'}: {of_what}."
    if chords:
        words += f" Chords: {', '.join(chord.label for chord in chords)}."
    return Drawing(lanes=lanes, chords=chords, bars=bars, words=words)


def _sound_lanes(compiled: Compiled) -> list[Lane]:
    """In the order of the kit, custom instruments last."""
    of_sound: dict[str, list[Note]] = {}
    for note in compiled.notes:
        of_sound.setdefault(note.sound, []).append(note)
    return [
        Lane(label=sound_of(name).label, path=_path(of_sound[name], compiled.length), hue=sound_hue(name))
        for name in [*SOUNDS, *sorted(of_sound.keys() - SOUNDS.keys())]
        if name in of_sound
    ]


def _path(notes: Iterable[Note], length: int) -> str:
    """What has no pitch is as high as it is loud; what has one stands as high as it sounds."""
    found = list(notes)
    numbers = [note.number for note in found]
    low, high = min(numbers), max(numbers)
    room = LANE_HEIGHT - 2 * LANE_MARGIN - MARK_HEIGHT
    marks = []
    for note in found:
        x = round(WIDTH * note.start / length)
        width = max(round(WIDTH * note.length / length) - 2, LEAST_WIDTH)
        if sound_of(note.sound).is_pitched:
            up = (note.number - low) / (high - low) if high > low else 0.5
            y, height = LANE_MARGIN + round((1 - up) * room), MARK_HEIGHT
        else:
            height = MARK_HEIGHT + round(note.velocity * room)
            y = LANE_HEIGHT - LANE_MARGIN - height
        marks.append(_mark(x, y, width, height))
    return "".join(marks)


def _mark(x: int, y: int, width: int, height: int) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"


def _song_lanes(song: Song, loops: Mapping[str, Loop]) -> list[Lane]:
    """A lane for each loop, in the order in which they begin."""
    total = max(song.total_bars, 1)
    of_loop: dict[str, list[str]] = {}
    for block in sorted(song.blocks, key=lambda block: block.start):
        x, end = (round(WIDTH * bar / total) for bar in (block.start, block.start + block.bars))
        mark = _mark(x, LANE_MARGIN, max(end - x - 2, LEAST_WIDTH), LANE_HEIGHT - 2 * LANE_MARGIN)
        of_loop.setdefault(block.loop, []).append(mark)
    return [
        Lane(label=loops[id_].name, path="".join(marks), color=loops[id_].color)
        for id_, marks in of_loop.items()
    ]


def _chords(loop: Loop) -> list[ChordMark]:
    beats = loop.bars * BEATS_PER_BAR
    tonic = pitch_class(loop.key.removesuffix("m")) or 0
    ends = [*(chord.beat for chord in loop.chords), beats][1:]
    return [
        ChordMark(
            label=_name(chord),
            start=round(100 * chord.beat / beats, 3),
            width=round(100 * (end - chord.beat) / beats, 3),
            hue=_DEGREE_HUES[((pitch_class(chord.root) or 0) - tonic) % 12],
        )
        for chord, end in zip(loop.chords, ends, strict=True)
    ]


def _name(chord: Chord) -> str:
    root = chord.root.replace("b", "♭").replace("#", "♯")
    return root + _ENDINGS.get(chord.quality, chord.quality)
