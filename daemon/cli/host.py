"""`sidechain host`: something that plays, where no DAW is at hand: the native host around the C client, fed with any sound file."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.output import note, settings
from daemon.errors import BadAudio, SidechainError, why_of

OWN_BPM, OWN_BARS, OWN_RATE_HZ = 128.0, 8, 48_000
MAX_SECONDS = 1800.0


def host(
    file: Annotated[
        Path | None,
        typer.Argument(help="Sound file: WAV, FLAC, AIFF, OGG, MP3. Default: eight bars of our own."),
    ] = None,
    bpm: Annotated[
        float | None,
        typer.Option(
            min=20.0, max=999.0, help="Tempo that the host tells. Without one a file is kept by seconds."
        ),
    ] = None,
    track: Annotated[str, typer.Option(help="Name of the track that it plays on.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Once instead of again and again.")] = False,
) -> None:
    """Play into Sidechain as a DAW would, without one. No sound comes out: it is there to be kept.

    Examples:  sidechain host   ·   sidechain host idea.flac --bpm 92   ·   sidechain host idea.wav --once
    """
    from daemon.cli.stage import play_program

    play, run_dir = play_program(), settings().run_dir
    with tempfile.TemporaryDirectory(prefix="sdc-host-") as folder:
        wav = Path(folder) / "played.wav"
        tempo = _write_own(wav, bpm) if file is None else _write(file, wav, bpm)
        command = [str(play), *tempo, "--repeat", "1" if once else "0", "--run-dir", run_dir]
        commands = f"track {' '.join(track.split())}\n" if track.strip() else ""
        note(_in_words(file, tempo, once))
        raise typer.Exit(_run([*command, "--stdin", str(wav)], commands))


def _run(command: list[str], commands: str) -> int:
    """Until it has played, or Ctrl-C; its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stdin
    try:
        process.stdin.write(commands)
        process.stdin.flush()
        return process.wait()
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    finally:
        process.terminate()
        process.wait()
        process.stdin.close()


def _write_own(wav: Path, bpm: float | None) -> list[str]:
    import soundfile

    from daemon.cli.groove import groove

    tempo = bpm or OWN_BPM
    soundfile.write(wav, groove(tempo, OWN_BARS, OWN_RATE_HZ), OWN_RATE_HZ, subtype="FLOAT")
    return ["--tempo", f"{tempo:g}"]


def _write(file: Path, wav: Path, bpm: float | None) -> list[str]:
    """What the native host reads, of any file that we read. Raises BadAudio, SidechainError."""
    import soundfile

    try:
        with soundfile.SoundFile(file) as sound:
            if sound.frames > MAX_SECONDS * sound.samplerate or sound.channels > 2:
                raise SidechainError(
                    f"{file} is longer than {MAX_SECONDS / 60:.0f} minutes, or has more than two channels.",
                    "Give a shorter one, mono or stereo.",
                )
            soundfile.write(wav, sound.read(dtype="float32"), sound.samplerate, subtype="FLOAT")
    except FileNotFoundError as error:
        raise BadAudio(f"{file} is not there.", "Name a sound file that is.") from error
    except (soundfile.LibsndfileError, OSError) as error:
        raise BadAudio(f"{file} is not sound that can be read ({why_of(error)}).") from error
    return ["--tempo", f"{bpm:g}"] if bpm else ["--no-transport"]


def _in_words(file: Path | None, tempo: list[str], once: bool) -> str:
    what = os.path.basename(file) if file else f"{OWN_BARS} bars of our own"
    how = f"at {tempo[1]} BPM" if tempo[0] == "--tempo" else "without a tempo (--bpm tells one)"
    keep = "`sidechain keep`" if tempo[0] == "--tempo" else "`sidechain keep --seconds 16`"
    end = "" if once else " Ctrl-C ends it." if sys.stdin.isatty() else ""
    return f"Playing {what} {how}{'' if once else ', again and again'}; no sound comes out. To keep of it: {keep}.{end}"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(host)
