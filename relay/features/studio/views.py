"""Creations as a music playground's interface says them, and what it says as scores. Values in, values out."""

from msgspec.structs import replace

from audio.score.chords import pitch_class
from relay.core.dashed_ids import dashed
from relay.wire import playground as shapes
from relay.wire import scores
from relay.wire.creations import Creation, CreationItem

PUBLIC, PRIVATE = "public", "private"
_DEGREES = ("I", "bII", "II", "bIII", "III", "IV", "bV", "V", "bVI", "VI", "bVII", "VII")
_LENGTHS: dict[int, shapes.LoopLength] = {1: 1, 2: 2, 4: 4, 8: 8}
_MINOR = ("min", "m6", "m7", "dim")
_NO_COLOR = "#808080"


def roman(root: str, quality: str, key: str) -> str:
    """The degree of a chord, such as vi for A minor in C. [any]"""
    tonic, own = pitch_class(key.removesuffix("m")), pitch_class(root)
    degree = _DEGREES[((own or 0) - (tonic or 0)) % 12]
    return degree.lower() if quality.startswith(_MINOR) else degree


def loop_score(given: shapes.LoopGiven) -> scores.LoopScore:
    """[any]"""
    return scores.LoopScore(
        name=given.name,
        bars=given.length,
        color=given.color,
        chords=_chords(given.chord_progression),
        steps=_steps(given.icon_sequence),
    )


def patched_loop(was: scores.Score, patch: shapes.LoopPatch) -> scores.Score:
    """was: a loop's. What this interface does not know (tempo, key, swing) stays. [any]"""
    assert isinstance(was, scores.LoopScore)
    return replace(
        was,
        name=was.name if patch.name is None else patch.name,
        bars=was.bars if patch.length is None else patch.length,
        color=was.color if patch.color is None else patch.color,
        chords=was.chords if patch.chord_progression is None else _chords(patch.chord_progression),
        steps=was.steps if patch.icon_sequence is None else _steps(patch.icon_sequence),
    )


def loop_summary(item: CreationItem) -> shapes.LoopSummary:
    """[any]"""
    return shapes.LoopSummary(
        id=dashed(item.id),
        user_id=dashed(item.user_id),
        name=item.title,
        length=_LENGTHS[item.duration_bars or 1],
        color=item.color or _NO_COLOR,
        is_public=item.visibility == PUBLIC,
        view_count=item.view_count,
        fork_count=item.fork_count,
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def loop(made: Creation) -> shapes.Loop:
    """[any]"""
    score = made.score
    assert isinstance(score, scores.LoopScore)
    short = loop_summary(made)
    return shapes.Loop(
        **{name: getattr(short, name) for name in shapes.LoopSummary.__struct_fields__},
        chord_progression=[
            shapes.ChordCell(
                bar=each.beat,
                root=each.root,
                quality=each.quality,
                chord=f"{each.root} {each.quality}",
                roman=roman(each.root, each.quality, score.key),
            )
            for each in score.chords
        ],
        icon_sequence=[
            shapes.IconStep(step=each.step, sound_id=each.sound, velocity=each.velocity, note=each.note)
            for each in score.steps
        ],
        forked_from=None if made.forked_from is None else dashed(made.forked_from.id),
    )


def song_score(given: shapes.SongGiven) -> scores.SongScore:
    """[any]"""
    blocks = _blocks(given.timeline)
    return scores.SongScore(name=given.name, bpm=given.bpm, meter=given.time_signature, blocks=blocks)


def patched_song(was: scores.Score, patch: shapes.SongPatch) -> scores.Score:
    """was: a song's. [any]"""
    assert isinstance(was, scores.SongScore)
    return replace(
        was,
        name=was.name if patch.name is None else patch.name,
        bpm=was.bpm if patch.bpm is None else patch.bpm,
        meter=was.meter if patch.time_signature is None else patch.time_signature,
        blocks=was.blocks if patch.timeline is None else _blocks(patch.timeline),
    )


def song_summary(item: CreationItem) -> shapes.SongSummary:
    """[any]"""
    return shapes.SongSummary(
        id=dashed(item.id),
        user_id=dashed(item.user_id),
        name=item.title,
        bpm=round(item.bpm or 0),
        time_signature="3/4" if item.meter == "3/4" else "4/4",
        total_bars=item.duration_bars or 0,
        is_public=item.visibility == PUBLIC,
        view_count=item.view_count,
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def song(made: Creation) -> shapes.Song:
    """[any]"""
    score = made.score
    assert isinstance(score, scores.SongScore)
    short = song_summary(made)
    return shapes.Song(
        **{name: getattr(short, name) for name in shapes.SongSummary.__struct_fields__},
        timeline=[
            shapes.TimelineBlock(id=each.id, loop_id=each.loop, start_bar=each.start, duration=each.bars)
            for each in score.blocks
        ],
    )


def _chords(given: list[shapes.ChordCell]) -> list[scores.Chord]:
    return [scores.Chord(beat=each.bar, root=each.root, quality=each.quality) for each in given]


def _steps(given: list[shapes.IconStep]) -> list[scores.Step]:
    return [
        scores.Step(step=each.step, sound=each.sound_id, velocity=each.velocity, note=each.note)
        for each in given
    ]


def _blocks(given: list[shapes.TimelineBlock]) -> list[scores.Block]:
    return [
        scores.Block(id=each.id, loop=each.loop_id, start=each.start_bar, bars=each.duration)
        for each in given
    ]
