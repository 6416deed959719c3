"""`sidechain process`: the pipeline on files, without a daemon; with --post also takes of them, and posts."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

import bridge.control as c
from daemon.cli.daemon_commands import held_line
from daemon.cli.importing import Refused, TakenIn, each, take_in
from daemon.cli.new_files import longest_stem, write_files
from daemon.cli.output import Json, ask, key_line, number, settings, show, tempo_line
from daemon.cli.source import read_clip, shown
from daemon.core.meant import MIN_SHORT_CHARACTERS
from daemon.core.shown import line
from daemon.core.titles import fitting
from daemon.errors import BadAudio, UsageError

if TYPE_CHECKING:  # numpy and the codecs stand behind these: `sidechain status` must not wait for them
    from audio.read.clip import Clip
    from daemon.features.rendering.pipeline import Made, Progress, Settings


class Processed(msgspec.Struct, frozen=True, kw_only=True):
    """What `process --json` prints. Unknown is null; paths are relative to the output folder.

    *_in, seam and warnings are of the source; *_out, lra_lu and the maxima of the decoded MP3. peaks, peaks_dat: as
    audiowaveform writes them, 256 frames a point; .dat also of 1024 and 4096.
    """

    frames: int
    sample_rate_hz: int
    channels: int
    lufs_in: float | None
    dbtp_in: float | None
    lufs_out: float | None
    dbtp_out: float | None
    gain_db: float
    reduction_db: float
    loudness_reason: str
    lra_lu: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None
    seam_score: float | None
    seam_reason: str | None
    warnings: list[dict[str, str]]  # kind and says; see audio.read.clip.LackKind and audio.measure.warnings
    bpm: float | None
    bpm_source: str | None
    bpm_confidence: float | None
    bpm_alternatives: tuple[float, ...]  # half, double, …
    key: str | None
    key_source: str | None
    key_alternatives: tuple[tuple[str, float], ...]
    camelot: str | None
    key_confidence: float | None
    onsets: int | None
    centroid_hz: float | None
    bandwidth_hz: float | None
    flatness: float | None
    fingerprint: str | None  # hex; audio.analyse.fingerprint
    file_says: dict[str, Any]  # of its music, of whatever type each is: audio.read.clip.FileWords
    mp3: str
    flac: str
    waveform_svg: str
    peaks: str
    peaks_dat: tuple[str, ...]
    take_id: str | None = None  # with --post
    held_s: float | None = None  # until it goes out, if it is held


class ProcessedAll(msgspec.Struct, frozen=True, kw_only=True):
    """What it prints of several files: those that were made, in their order, and those that were left out."""

    files: list[Processed]
    refused: list[Refused]


def process(
    sources: Annotated[
        list[Path], typer.Argument(metavar="IN...", help="WAV, AIFF, FLAC, MP3 or Ogg files.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; made if missing.")],
    title: Annotated[
        str, typer.Option(help="Title to write into the MP3; default: the file's own, else its name.")
    ] = "",
    bpm: Annotated[float | None, typer.Option(min=1.0, max=1000.0, help="Tempo, if you know it.")] = None,
    key: Annotated[str | None, typer.Option(help="Key, if you know it, such as Am.")] = None,
    limiter: Annotated[
        bool, typer.Option("--limiter", help="Take down up to 6 dB of peaks to reach −14 LUFS.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Make it anew, even if the same was made before.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files of the same names.")] = False,
    post: Annotated[
        bool, typer.Option("--post", help="Also make a take of each and post it; needs a running daemon.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Level, encode and draw audio files as takes would be: −14 LUFS, at most −1 dBTP, MP3, FLAC, waveform.

    Examples:  sidechain process idea.wav --out ./made --json   ·   sidechain process loops/*.wav --out ./made --post
    """
    wish = Wish(
        out=out,
        title=title,
        bpm=bpm,
        key=_key(key) if key else None,
        limiter=limiter,
        no_cache=no_cache,
        force=force,
        post=post,
    )
    if post:
        ask(c.GetStatus(), c.Status)
    with _bar(as_json) as tell:
        if len(sources) == 1:
            made, done = [_one(sources[0], wish, tell)], TakenIn()
        else:
            made, done = _all(sources, wish, tell, quiet=as_json)
    answer = made[0] if len(sources) == 1 else ProcessedAll(files=made, refused=done.refused)
    show(answer, as_json, lambda: "\n".join(_in_words(result, out) for result in made))
    raise typer.Exit(done.exit_code)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, for each of the files alike."""

    out: Path
    title: str
    bpm: float | None
    key: str | None
    limiter: bool
    no_cache: bool
    force: bool
    post: bool


@contextlib.contextmanager
def _bar(quiet: bool) -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda stage, done: bar.update(task, description=stage, completed=done)


def _all(
    sources: list[Path], wish: Wish, tell: "Progress", *, quiet: bool
) -> tuple[list[Processed], TakenIn]:
    made, done = list[Processed](), TakenIn()

    def one(source: Path) -> None:
        made.append(_one(source, wish, lambda stage, part: tell(f"{shown(source.name)}: {stage}", part)))

    for source in sources:
        each(source, one, done, quiet=quiet)
    return made, done


def _one(source: Path, wish: Wish, tell: "Progress") -> Processed:
    clip = read_clip(source)
    title = shown(wish.title or fitting(clip.words.title or "").title or source.stem)
    wanted = _settings(clip, title, wish.bpm, wish.key, limiter=wish.limiter)
    result = _written(clip, _made(source, clip, wanted, wish.no_cache, tell), source, wish.out, wish.force)
    if not wish.post:
        return result
    take = take_in(source, clip, wish.bpm, title)
    posted = ask(c.PostTake(take_id=take.take_id), c.Posted)
    return msgspec.structs.replace(result, take_id=take.take_id, held_s=posted.held_s)


def _settings(
    clip: "Clip", title: str, bpm: float | None, said_key: str | None, *, limiter: bool
) -> "Settings":
    """What was typed counts before what the file says."""
    from daemon.features.rendering.pipeline import Settings

    return Settings(
        title=title,
        bpm=bpm or clip.words.bpm,
        bpm_source="given" if bpm else "file",
        key=said_key or _key_of_file(clip),
        key_source="given" if said_key else "file",
        limiter=limiter,
        length_is_exact=clip.length_is_exact,
    )


def _in_words(result: Processed, out: Path) -> str:
    return (
        f"{result.frames / result.sample_rate_hz:.1f} s at {result.sample_rate_hz} Hz: {number(result.lufs_in, ' LUFS')} → "
        f"{number(result.lufs_out, ' LUFS')}, {number(result.dbtp_out, ' dBTP')}, gain {number(result.gain_db, ' dB')}"
        f" ({result.loudness_reason}).\n{tempo_line(result)}\n{key_line(result)}\n"
        f"Wrote {line(f'{result.mp3}, {result.flac}, {result.waveform_svg}, {result.peaks} in {shown(out)}')}."
        + "".join(f"\n{each['kind']}: {each['says']}" for each in result.warnings)
        + (f"\n{_on_its_way(result.take_id, result.held_s)}" if result.take_id else "")
    )


def _on_its_way(take_id: str, held_s: float | None) -> str:
    short = take_id[:MIN_SHORT_CHARACTERS]
    return f"Take {short} is in the outbox. {held_line(held_s) or '`sidechain takes` shows it arrive.'}"


def _key(text: str) -> str:
    from audio.analyse.key_names import written_key

    found = written_key(text)
    if found is None:
        raise UsageError(f"“{shown(text)}” is no key.", "Write it as Am, F# minor, Bb or 8A.")
    return found[0]


def _key_of_file(clip: "Clip") -> str | None:
    from audio.analyse.key_names import written_key

    found = written_key(clip.words.key or "")
    return found[0] if found else None


def _made(source: Path, clip: "Clip", wanted: "Settings", no_cache: bool, progress: "Progress") -> "Made":
    from audio.errors import AudioError
    from daemon.features.rendering.pipeline import all_cores, make
    from daemon.features.rendering.render_cache import Cache

    config = settings()
    cache = Cache(config.cache, config.cache_bytes) if config.cache_bytes and not no_cache else None
    try:
        return make(
            clip.samples,
            clip.sample_rate_hz,
            wanted,
            cache=cache,
            cores=all_cores(step_back=False),
            progress=progress,
        )
    except AudioError as error:
        raise BadAudio(f"{shown(source)}: {error}") from error
    except MemoryError as error:
        raise BadAudio(
            f"{shown(source)} needs more memory than there is.", "Cut it, and try again."
        ) from error


ENDINGS = {"mp3": ".mp3", "flac": ".flac", "waveform_svg": ".svg", "peaks": ".peaks.json"}
DAT_ENDING = ".peaks.{}.dat"


def _written(clip: "Clip", made: "Made", source: Path, out: Path, force: bool) -> Processed:
    in_place = source.parent.resolve() == out.resolve()
    stem = ("sidechain-" if in_place else "") + shown(source.stem)  # never over the source
    dats = {DAT_ENDING.format(size): data for size, data in made.levelled.peaks_dat.items()}
    stem = longest_stem(stem, max((*ENDINGS.values(), *dats), key=len), out)
    names = {kind: stem + ending for kind, ending in ENDINGS.items()}
    dat = {stem + ending: data for ending, data in dats.items()}
    files = {
        names["mp3"]: made.levelled.mp3,
        names["flac"]: made.lossless.flac,
        names["waveform_svg"]: made.levelled.waveform_svg.encode(),
        names["peaks"]: made.levelled.peaks,
        **dat,
    }
    write_files(out, files, force=force)
    told = made.levelled.figures | msgspec.to_builtins(made.lossless.analysis) | names
    lacks = [{"kind": str(lack.kind), "says": lack.says} for lack in clip.lacks]
    told |= {
        "warnings": [*lacks, *told["warnings"]],
        "file_says": msgspec.to_builtins(clip.words) if clip.words.source else {},
        "peaks_dat": tuple(dat),
        "take_id": None,
        "held_s": None,
        "fingerprint": made.lossless.analysis.fingerprint.hex() or None,
    }
    return msgspec.convert({name: told[name] for name in Processed.__struct_fields__}, Processed)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(process)
