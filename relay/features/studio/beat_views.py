"""Machines and patterns as a beat machine's interface says them, and what it says as scores. Values in, values out."""

from collections.abc import Mapping

from msgspec.structs import replace

from audio.score.chords import pitch_class
from audio.score.machines import STYLES
from relay.core.dashed_ids import dashed
from relay.core.refusal import Refusal
from relay.wire import beats as shapes
from relay.wire import scores
from relay.wire.creations import Creation, CreationItem, VersionScore
from relay.wire.rest import Producer

KINDS = ("machine", "pattern")
"""Of creations that are patterns there."""
KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
FORKED = " (Fork)"


def score_of(given: shapes.PatternGiven) -> scores.Score:
    """Raises Refusal: validation. [any]"""
    content = shapes.PatternContent(
        description=given.description,
        flavor=given.flavor,
        bpm=given.bpm,
        key_note=given.key_note,
        configuration=given.configuration,
    )
    return _score(given.title, content, KEYS[given.key_note])


def edited(was: scores.Score, edit: shapes.PatternEdit) -> scores.Score:
    """was: a machine's or a pattern's. Raises Refusal: validation. [any]"""
    before, key = content_of(was), _key_of(was)
    if edit.key_note not in (None, before.key_note):
        key = KEYS[edit.key_note or 0]
    now = {
        name: getattr(edit, name)
        for name in shapes.PatternContent.__struct_fields__
        if getattr(edit, name) is not None
    }
    return _score(was.name if edit.title is None else edit.title, replace(before, **now), key)


def content_of(score: scores.Score) -> shapes.PatternContent:
    """[any]"""
    if isinstance(score, scores.MachineScore):
        flavor, configuration = flavor_of(score.style), _of_machine(score)
    else:
        assert isinstance(score, scores.PatternScore), "only these are patterns there"
        flavor, configuration = None, _of_steps(score)
    return shapes.PatternContent(
        description=score.description,
        flavor=flavor,
        bpm=score.bpm,
        key_note=key_note(score.key),
        configuration=configuration,
    )


def summary(item: CreationItem, author: Producer) -> shapes.PatternSummary:
    """[any]"""
    return shapes.PatternSummary(
        id=dashed(item.id),
        title=item.title,
        description=item.description,
        flavor=None if item.style is None else flavor_of(item.style),
        bpm=round(item.bpm or 0),
        key_note=key_note(item.key or KEYS[0]),
        is_public=item.visibility == "public",
        thumbnail=item.waveform_svg if item.rendered else None,
        author=author_of(author),
        stats=shapes.Stats(
            plays=item.play_count,
            likes=item.like_count,
            comments=item.comment_count,
            forks=item.fork_count,
            is_liked_by_current_user=item.liked,
        ),
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def pattern(made: Creation, author: Producer) -> shapes.Pattern:
    """[any]"""
    short = summary(made, author)
    return shapes.Pattern(
        **{name: getattr(short, name) for name in shapes.PatternSummary.__struct_fields__},
        configuration=content_of(made.score).configuration,
        share_url=made.page_url,
        original_id=None if made.forked_from is None else dashed(made.forked_from.id),
        version=made.version,
    )


def version(found: VersionScore) -> shapes.PatternVersion:
    """[any]"""
    content = content_of(found.score)
    return shapes.PatternVersion(
        **{name: getattr(content, name) for name in shapes.PatternContent.__struct_fields__},
        n=found.n,
        note=found.note,
        created_at=found.created_at,
    )


def file_of(made: Creation) -> shapes.PatternGiven:
    """As POST /api/patterns takes it. [any]"""
    content = content_of(made.score)
    return shapes.PatternGiven(
        **{name: getattr(content, name) for name in shapes.PatternContent.__struct_fields__},
        title=made.title,
        is_public=made.visibility == "public",
    )


def author_of(person: Producer) -> shapes.Author:
    """[any]"""
    return shapes.Author(id=dashed(person.id), display_name=person.display_name, avatar=person.avatar)


def key_note(key: str) -> int:
    """[any]"""
    return pitch_class(key.removesuffix("m")) or 0


def flavor_of(style: str) -> str:
    """[any]"""
    return STYLES[style].label if style in STYLES else style


def flavors() -> list[str]:
    """[any]"""
    return [style.label for style in STYLES.values()]


def style_of(flavor: str) -> str:
    """The machine that is called so, or has that id. Raises Refusal: validation. [any]"""
    for style, facts in STYLES.items():
        if flavor.casefold() in (style, facts.label.casefold()):
            return style
    there = ", ".join(facts.label for facts in STYLES.values())
    raise Refusal("validation", f"Flavor {flavor}: there is none.", f"One of {there}.")


def _key_of(score: scores.Score) -> str:
    assert isinstance(score, scores.MachineScore | scores.PatternScore)
    return score.key


def _score(title: str, content: shapes.PatternContent, key: str) -> scores.Score:
    """Raises Refusal: validation."""
    if content.configuration.beats is not None:
        return _steps(title, content, content.configuration.beats, key)
    if content.flavor is None:
        raise Refusal("validation", "A pattern has a flavor, or beats and steps.", "Say which machine.")
    style = style_of(content.flavor)
    return scores.MachineScore(
        name=title,
        style=style,
        bpm=content.bpm,
        key=key,
        players=[_player(style, each) for each in content.configuration.instruments],
        description=content.description,
    )


def _player(style: str, setting: shapes.InstrumentSetting) -> scores.Player:
    """Raises Refusal: validation."""
    programs = STYLES[style].instruments.get(setting.id)
    if programs is None or setting.active_program >= len(programs):
        raise Refusal(
            "validation",
            f"Instrument {setting.id}, program {setting.active_program}: {STYLES[style].label} has none.",
            "See /api/machines for what there is.",
        )
    return scores.Player(
        instrument=setting.id,
        program=list(programs)[setting.active_program],
        volume=setting.volume,
        muted=not setting.enabled,
        transpose=setting.pitch_offset,
    )


def _of_machine(score: scores.MachineScore) -> shapes.Configuration:
    instruments = STYLES[score.style].instruments if score.style in STYLES else {}
    return shapes.Configuration(
        instruments=[
            shapes.InstrumentSetting(
                id=each.instrument,
                enabled=not each.muted,
                active_program=_place(each, instruments),
                volume=each.volume,
                pitch_offset=each.transpose,
            )
            for each in score.players
        ]
    )


def _place(player: scores.Player, instruments: Mapping[str, Mapping[str, object]]) -> int:
    """Of its program among those of its instrument; 0 for one that there is no longer."""
    programs = list(instruments.get(player.instrument, ()))
    return programs.index(player.program) if player.program in programs else 0


def _steps(title: str, content: shapes.PatternContent, beats: int, key: str) -> scores.PatternScore:
    configuration = content.configuration
    return scores.PatternScore(
        name=title,
        bpm=content.bpm,
        beats=beats,
        steps_per_beat=configuration.steps_per_beat,
        rows=[
            scores.PatternRow(
                sound=each.id,
                steps=[step * each.volume * each.enabled for step in each.steps],
                notes=each.notes,
            )
            for each in configuration.instruments
        ],
        key=key,
        swing=configuration.swing,
        description=content.description,
    )


def _of_steps(score: scores.PatternScore) -> shapes.Configuration:
    return shapes.Configuration(
        instruments=[
            shapes.InstrumentSetting(id=each.sound, steps=each.steps, notes=each.notes) for each in score.rows
        ],
        beats=score.beats,
        steps_per_beat=score.steps_per_beat,
        swing=score.swing,
    )
