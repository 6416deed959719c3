"""`sidechain process`: the pipeline on a file, without a daemon."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from daemon.cli.output import Json, number, show
from daemon.errors import BadAudio


class Processed(msgspec.Struct, frozen=True, kw_only=True):
    """What `process --json` prints. Unknown is null; paths are relative to the output folder."""

    frames: int
    sample_rate_hz: int
    channels: int
    lufs_in: float | None
    dbtp_in: float | None
    lufs_out: float | None
    dbtp_out: float | None
    gain_db: float
    loudness_reason: str
    bpm: float | None
    key: str | None
    mp3: str
    flac: str
    waveform_svg: str
    peaks: str


def process(
    source: Annotated[Path, typer.Argument(metavar="IN", help="WAV, AIFF, FLAC, MP3 or Ogg file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; made if missing.")],
    title: Annotated[str, typer.Option(help="Title to write into the MP3.")] = "",
    bpm: Annotated[float | None, typer.Option(min=1.0, max=1000.0, help="Tempo, if you know it.")] = None,
    key: Annotated[str | None, typer.Option(help="Key, if you know it, such as Am.")] = None,
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
            lambda stage, done: bar.update(task, description=stage, completed=done),
        )

    def text() -> str:
        return (
            f"{result.frames} frames at {result.sample_rate_hz} Hz: {number(result.lufs_in, ' LUFS')} → "
            f"{number(result.lufs_out, ' LUFS')}, {number(result.dbtp_out, ' dBTP')}, gain {number(result.gain_db, ' dB')}"
            f" ({result.loudness_reason}). Wrote {result.mp3}, {result.flac}, {result.waveform_svg} in {out}."
        )

    show(result, as_json, text)


def _process(
    source: Path,
    out: Path,
    title: str,
    bpm: float | None,
    key: str | None,
    progress: Callable[[str, float], None],
) -> Processed:
    from audio.errors import AudioError
    from audio.flac import encode_flac
    from audio.intake import sanitize
    from audio.recording import produce
    from audio.wave import read_audio

    try:
        clip = read_audio(source.read_bytes())
        flac = encode_flac(sanitize(clip.samples).samples, clip.sample_rate_hz)
        made = produce(
            clip.samples, clip.sample_rate_hz, title=title or source.stem, bpm=bpm, key=key, progress=progress
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
    (out / names["peaks"]).write_bytes(msgspec.json.encode(made.peaks))
    return Processed(
        frames=made.frames, sample_rate_hz=made.sample_rate_hz, channels=made.channels, lufs_in=made.lufs_in,
        dbtp_in=made.dbtp_in, lufs_out=made.lufs_out, dbtp_out=made.dbtp_out, gain_db=made.gain_db,
        loudness_reason=made.loudness_reason, bpm=bpm, key=key, **names,
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(process)
