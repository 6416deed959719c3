"""`sidechain process`: the pipeline on a file, without a daemon."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from daemon.cli.output import Json, number, show
from daemon.errors import BadAudio


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
    warnings: list[dict[str, str]]  # kind and says; see audio.warnings
    bpm: float | None
    bpm_source: str | None
    bpm_confidence: float | None
    bpm_alternatives: tuple[float, ...]  # half, double, …
    key: str | None
    camelot: str | None
    key_confidence: float | None
    fingerprint: str | None
    mp3: str
    flac: str
    waveform_svg: str
    peaks: str
    peaks_dat: tuple[str, ...]


def process(
    source: Annotated[Path, typer.Argument(metavar="IN", help="WAV, AIFF, FLAC, MP3 or Ogg file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; made if missing.")],
    title: Annotated[str, typer.Option(help="Title to write into the MP3.")] = "",
    bpm: Annotated[float | None, typer.Option(min=1.0, max=1000.0, help="Tempo, if you know it.")] = None,
    key: Annotated[str | None, typer.Option(help="Key, if you know it, such as Am.")] = None,
    limiter: Annotated[
        bool, typer.Option("--limiter", help="Take down up to 6 dB of peaks to reach −14 LUFS.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Level, encode and draw an audio file as a take would be: −14 LUFS, at most −1 dBTP, MP3, FLAC, waveform.

    Example:  sidechain process idea.wav --out ./made --json
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("reading", total=1.0)
        result = _process(
            source,
            out,
            title,
            bpm,
            key,
            limiter,
            lambda stage, done: bar.update(task, description=stage, completed=done),
        )

    def text() -> str:
        return (
            f"{result.frames} frames at {result.sample_rate_hz} Hz: {number(result.lufs_in, ' LUFS')} → "
            f"{number(result.lufs_out, ' LUFS')}, {number(result.dbtp_out, ' dBTP')}, gain {number(result.gain_db, ' dB')}"
            f" ({result.loudness_reason}). Wrote {result.mp3}, {result.flac}, {result.waveform_svg} in {out}."
            + "".join(f"\n{each['kind']}: {each['says']}" for each in result.warnings)
        )

    show(result, as_json, text)


def _process(
    source: Path,
    out: Path,
    title: str,
    bpm: float | None,
    key: str | None,
    limiter: bool,
    progress: Callable[[str, float], None],
) -> Processed:
    from audio.analysis import analyse
    from audio.errors import AudioError
    from audio.flac import encode_flac
    from audio.intake import sanitize
    from audio.recording import produce
    from audio.wave import read_audio
    from audio.zoom import zoom_levels

    try:
        clip = read_audio(source.read_bytes())
        take = sanitize(clip.samples).samples
        flac = encode_flac(take, clip.sample_rate_hz)
        heard = analyse(take, clip.sample_rate_hz, transport_bpm=bpm, transport_meter=None, bars=None)
        # What the user says is not doubted; what was heard goes into the file only if it is known.
        known_bpm = bpm or heard.tempo.bpm
        known_key = key or (str(heard.key.key) if heard.key.key else None)
        made = produce(
            clip.samples,
            clip.sample_rate_hz,
            title=title or source.stem,
            bpm=known_bpm,
            key=known_key,
            limiter=limiter,
            progress=progress,
        )
    except AudioError as error:
        raise BadAudio(f"{source}: {error}") from error
    except OSError as error:
        raise BadAudio(f"{source} cannot be read: {error.strerror}.", "Check the path.") from error
    out.mkdir(parents=True, exist_ok=True)
    names = {kind: f"{source.stem}{ending}" for kind, ending in
             (("mp3", ".mp3"), ("flac", ".flac"), ("waveform_svg", ".svg"), ("peaks", ".peaks.json"))}  # fmt: skip
    if source.parent.resolve() == out.resolve():
        names = {kind: f"sidechain-{name}" for kind, name in names.items()}  # never over the source
    (out / names["mp3"]).write_bytes(made.mp3.data)
    (out / names["flac"]).write_bytes(flac.data)
    (out / names["waveform_svg"]).write_text(made.waveform_svg)
    levels = zoom_levels(made.decoded, made.mp3.sample_rate_hz)
    (out / names["peaks"]).write_bytes(levels[0].json())
    peaks_dat = []
    for level in levels:
        name = Path(names["peaks"]).with_suffix(f".{level.frames_per_point}.dat").name
        (out / name).write_bytes(level.dat())
        peaks_dat.append(name)
    return Processed(
        frames=made.frames, sample_rate_hz=made.sample_rate_hz, channels=made.channels, lufs_in=made.lufs_in,
        dbtp_in=made.dbtp_in, lufs_out=made.lufs_out, dbtp_out=made.dbtp_out, gain_db=made.gain_db,
        reduction_db=made.reduction_db, loudness_reason=made.loudness_reason, lra_lu=made.loudness.range_lu,
        momentary_max_lufs=made.loudness.momentary_max_lufs, short_term_max_lufs=made.loudness.short_term_max_lufs,
        seam_score=None if made.seam is None else made.seam.score,
        seam_reason=None if made.seam is None else made.seam.reason,
        warnings=[{"kind": each.kind, "says": each.says} for each in made.warnings],
        bpm=known_bpm, bpm_source="given" if bpm else heard.tempo.source, bpm_confidence=heard.tempo.confidence,
        bpm_alternatives=heard.tempo.alternatives, key=known_key, camelot=heard.key.key.camelot if heard.key.key and not key else None,
        key_confidence=1.0 if key else heard.key.confidence, fingerprint=heard.fingerprint.astype("<u4").tobytes().hex(),
        peaks_dat=tuple(peaks_dat), **names,
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(process)
