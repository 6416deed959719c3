"""`sidechain analyse` and `compare`: what a sound is, and how two differ. No daemon is needed for files."""

import contextlib
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

import bridge.control as c
from audio.analyse.shapes import AnalysisDocument, Aspect, Changes, Comparison
from audio.models.table import needs_model
from audio.notes.shapes import SAYS as NOTES_SAYS
from audio.notes.shapes import DetectedNote
from audio.tags.shapes import MODEL as MODEL_OF_TAGS
from audio.tags.shapes import Tags
from daemon.cli.new_files import write_files
from daemon.cli.output import Json, ask, note, number, settings, show
from daemon.cli.source import means_a_file, shown
from daemon.core.shown import line
from daemon.errors import BadAudio, UsageError
from daemon.features.analysing.analysis_worker import (
    Analysed,
    AnalyseJob,
    Compared,
    CompareJob,
    NotesDetected,
    NotesJob,
    Pictures,
    TagsHeard,
    TagsJob,
)

if TYPE_CHECKING:  # asyncio and numpy stand behind them, and `sidechain --help` reads this file
    from daemon.features.analysing.analysing import Listener, Progress
    from daemon.features.rendering.render_cache import Cache

T = TypeVar("T")

Sound = Annotated[
    str,
    typer.Argument(
        metavar="FILE|TAKE|POST",
        help="An audio file, or the id, its start or the name of a take or of a post of the feed; `last`: the newest take.",
    ),
]
THEMES, SCALES = ("dark", "light"), ("log", "mel")
NOTES_ENGINES = tuple(NOTES_SAYS)
FETCH_LIMIT_S = 120.0  # of a post


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """pictures, midi: the files that were written. notes: those that were heard, by the engine notes_by; None: nobody asked.

    tags: what a model calls it; None: nobody asked.
    """

    analysis: AnalysisDocument
    lacks: tuple[str, ...]
    pictures: tuple[str, ...] = ()
    notes: tuple[DetectedNote, ...] | None = None
    notes_by: str | None = None
    tags: Tags | None = None
    midi: str | None = None


class BothCompared(msgspec.Struct, frozen=True, kw_only=True):
    """How alike they are, and what changed from the first to the second if they are of one thing."""

    alike: Comparison
    changes: Changes


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sound lies. bpm: what the host played at, if it was a take's. take_id: "": it is none; then what a post says of its tempo."""

    path: Path
    name: str
    bpm: float | None = None
    take_id: str = ""
    post_bpm: float | None = None


def analyse(
    what: Sound,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Folder to write spectrogram, chromagram and beats into, as SVG."),
    ] = None,
    theme: Annotated[str, typer.Option(help="Of the pictures: dark or light.")] = "dark",
    scale: Annotated[str, typer.Option(help="Of the spectrogram: log or mel.")] = "log",
    notes: Annotated[
        Path | None,
        typer.Option(
            "--notes",
            help="MIDI file to write the notes into that are heard.",
        ),
    ] = None,
    notes_by: Annotated[
        str,
        typer.Option(
            help="pyin: one note at a time, by signal processing; basic-pitch: chords too, by a model that you put here (`sidechain models`)."
        ),
    ] = NOTES_ENGINES[0],
    tags: Annotated[
        bool,
        typer.Option(
            "--tags",
            help="Say which instruments and styles a model hears, which you put here (`sidechain models`).",
        ),
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Listen anew, even if it was heard before.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace pictures of the same names.")] = False,
    as_json: Json = False,
) -> None:
    """Analyse a sound: loudness, tempo, key, beats, parts, timbre, what of it holds and what hits.

    Examples:  sidechain analyse last   ·   sidechain analyse idea.wav --picture ./pictures   ·   sidechain analyse idea.wav --json
    """
    require_one_of(theme, THEMES, "--theme")
    require_one_of(scale, SCALES, "--scale")
    require_one_of(notes_by, NOTES_ENGINES, "--notes-by")
    place = place_of(what)
    wish = Pictures(title=place.name, theme=theme, scale=scale) if picture else None
    job = _job(0, place, wish)
    model, words = model_files(notes_by) if notes else [], model_files(MODEL_OF_TAGS) if tags else []
    ends = 1 + len(model), 1 + len(model) + len(words)
    of_notes = NotesJob(file=0, engine=notes_by, model=tuple(range(1, ends[0])))
    of_tags = TagsJob(file=0, model=tuple(range(*ends)))

    async def heard(
        listener: "Listener", memory: "Cache | None", recipe: bytes
    ) -> tuple[Analysed, NotesDetected | None, TagsHeard | None]:
        found = await listener.analysed(job, None if no_cache else memory, recipe)
        in_notes = await listener.carried_out(of_notes, NotesDetected) if notes else None
        return found, in_notes, await listener.carried_out(of_tags, TagsHeard) if tags else None

    with under_way(as_json) as (scratch, told):
        found, in_notes, in_words = listened([place, *model, *words], scratch, told, heard)
    answer = _written(found, in_notes, picture, notes, force)
    if in_words:
        answer = msgspec.structs.replace(answer, tags=in_words.tags)
    show(answer, as_json, lambda: "\n".join(_lines(answer)))


def _written(
    found: Analysed, heard: NotesDetected | None, picture: Path | None, midi: Path | None, force: bool
) -> Drawn:
    """What is told, once the files of it lie where they should."""
    if picture:
        write_files(picture, {name: svg.encode() for name, svg in found.pictures.items()}, force=force)
    if midi and heard:
        from audio.notes.midi import midi_of

        data = midi_of(heard.notes, found.document.tempo.bpm)
        write_files(midi.parent, {midi.name: data}, force=force)
    return Drawn(
        analysis=found.document,
        lacks=found.lacks,
        pictures=tuple(shown(picture / name) for name in found.pictures) if picture else (),
        notes=tuple(heard.notes) if heard else None,
        notes_by=heard.engine if heard else None,
        midi=shown(midi) if midi else None,
    )


def compare(one: Sound, other: Sound, as_json: Json = False) -> None:
    """Compare two sounds: tempo, timbre, harmony, rhythm, loudness; and what changed, if one is a later bounce of the other.

    Examples:  sidechain compare mix1.wav mix2.wav   ·   sidechain compare mix1.wav last --json
    """
    places = [place_of(one), place_of(other)]
    jobs = [_job(number, place) for number, place in enumerate(places)]
    from audio.analyse.comparison import compare as alike

    async def heard(
        listener: "Listener", memory: "Cache | None", recipe: bytes
    ) -> tuple[Comparison, Changes]:
        documents = [(await listener.analysed(job, memory, recipe)).document for job in jobs]
        found = await listener.carried_out(CompareJob(before=0, after=1), Compared)
        return alike(*documents), found.changes

    with under_way(as_json) as (scratch, told):
        comparison, changes = listened(places, scratch, told, heard)
    answer = BothCompared(alike=comparison, changes=changes)
    show(answer, as_json, lambda: "\n".join([*_aspects(answer.alike), *_changes(changes)]))


def model_files(name: str) -> list[Place]:
    """Of an engine: its files, which are what they must be. Raises UsageError where they are not here."""
    if not needs_model(name):
        return []
    from daemon.cli.models import asked, shelf

    config = settings()
    names = asked(lambda: shelf(config).verified(name))
    return [Place(path=config.models / each, name=each) for each in names]


def require_one_of(given: str, known: tuple[str, ...], option: str) -> None:
    if given not in known:
        raise UsageError(f"“{shown(given)}” is nothing that {option} knows.", f"Use {' or '.join(known)}.")


def place_of(what: str) -> Place:
    """Raises BadAudio, and what asking for a take or a post raises."""
    if means_a_file(what):
        file = Path(what)
        if not os.path.isfile(file):
            raise BadAudio(f"{shown(file)} is no file.", "Check the path.")
        return Place(path=file, name=shown(file.name))
    sound = ask(c.GetSound(target=what), c.SoundIs, timeout_s=FETCH_LIMIT_S)
    if sound.kind != "take":
        return Place(path=Path(sound.path), name=sound.title, post_bpm=sound.bpm)
    one = ask(c.ShowTake(take_id=sound.target), c.OneTake)
    told_by_host = one.sound is not None and one.sound.bpm_source == "transport"
    return Place(
        path=Path(sound.path),
        name=one.take.name,
        bpm=one.take.bpm if told_by_host else None,
        take_id=one.take.take_id,
    )


def _job(number: int, place: Place, pictures: Pictures | None = None) -> AnalyseJob:
    """Raises BadAudio."""
    from daemon.features.analysing.analysing import content_sha256

    try:
        sha256 = content_sha256(place.path)
    except OSError as error:
        raise BadAudio(f"{place.name} cannot be read: {error.strerror}.", "Check the path.") from error
    return AnalyseJob(file=number, content_sha256=sha256, bpm=place.bpm, pictures=pictures)


def listened(
    places: Sequence[Place],
    scratch: Path,
    told: "Progress",
    heard: "Callable[[Listener, Cache | None, bytes], Awaitable[T]]",
) -> T:
    """What one worker with these files open is asked; it is ended whatever happens. Raises BadAudio, OSError."""
    import asyncio

    from daemon.features.analysing.analysing import Listener
    from daemon.features.rendering.render_cache import Cache, recipe

    async def run() -> T:
        listener = Listener([place.path for place in places], scratch, told)
        try:
            return await heard(listener, memory, recipe())
        finally:
            await listener.close()

    config = settings()
    memory = Cache(config.cache, config.cache_bytes) if config.cache_bytes else None
    return asyncio.run(run())


@contextlib.contextmanager
def under_way(quiet: bool) -> "Iterator[tuple[Path, Progress]]":
    """A folder that is gone afterwards, and a bar where a terminal is."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    config = settings()
    for folder in (config.cache.parent, config.cache):  # a parent would be open to all
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix=".listening-", dir=config.cache.parent) as scratch,
        Bar(console=console, transient=True, disable=quiet or not console.is_terminal) as bar,
    ):
        task = bar.add_task("reading", total=1.0)
        yield Path(scratch), lambda stage, done: bar.update(task, description=stage, completed=done)


def _lines(answer: Drawn) -> Iterator[str]:
    found = answer.analysis
    for lack in answer.lacks:
        note(lack)
    loud, tempo, key = found.loudness, found.tempo, found.key
    yield f"length    {found.seconds:.2f} s, {found.sample_rate_hz} Hz, {found.channels} channel{'s' * (found.channels > 1)}"
    yield (
        f"loudness  {number(loud.integrated_lufs, ' LUFS')}, range {number(loud.range_lu, ' LU')}, "
        f"{number(loud.true_peak_dbtp, ' dBTP')}, RMS {number(loud.rms_dbfs, ' dBFS')}"
    )
    others = ", ".join(f"{bpm:.5g}" for bpm in tempo.alternatives)
    bpm = "unknown" if tempo.bpm is None else f"{tempo.bpm:.5g} BPM, {tempo.confidence:.0%} sure"
    yield f"tempo     {bpm}" + (f"; else {others}" if others else "") + f"; {len(found.beats_s)} beats"
    keys = ", ".join(f"{name} ({share:.0%})" for name, share in key.alternatives)
    name = "unknown" if key.name is None else f"{key.name} ({key.camelot}), {key.confidence:.0%} sure"
    yield f"key       {name}" + (f"; else {keys}" if keys else "")
    centre, spread, off = (
        found.descriptors[each].mean[0] for each in ("centroid_hz", "bandwidth_hz", "roll_off_hz")
    )
    yield f"timbre    centred on {centre:.0f} Hz, ±{spread:.0f} Hz, 85 % below {off:.0f} Hz"
    yield f"energy    {found.energies.harmonic:.0%} holds, {found.energies.percussive:.0%} hits; {len(found.onsets_s)} onsets"
    yield "parts     " + ", ".join(f"{each.label} from {each.start_s:.1f} s" for each in found.segments)
    if answer.tags is not None:
        named = [*answer.tags.instruments, *answer.tags.styles]
        words = ", ".join(f"{each.name} ({each.confidence:.0%})" for each in named)
        yield (
            f"sounds    like {words}, by {answer.tags.model}"
            if words
            else "sounds    unknown: nothing that the model is sure of"
        )
    if answer.notes is not None:
        yield f"notes     {len(answer.notes)} heard by {answer.notes_by}, written into {line(answer.midi or '')}"
    if answer.pictures:
        yield f"Drew {line(', '.join(answer.pictures))}."


def _aspects(found: Comparison) -> Iterator[str]:
    for name in Comparison.__struct_fields__:
        aspect: Aspect = getattr(found, name)
        share = "–" if aspect.likeness is None else f"{aspect.likeness:.0%}"
        yield f"{name:<9} {share:>5}  {aspect.word}: {aspect.says}"


def _changes(found: Changes) -> Iterator[str]:
    yield "changes"
    for sentence in found.says:
        yield f"  {sentence}"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (analyse, compare):
        app.command()(command)
