"""`sidechain takes …` about sound itself: its card, before and after, what is like it, its loop's seam."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.daemon_commands import when
from daemon.cli.new_files import write_files
from daemon.cli.output import Json, ask, number, show
from daemon.cli.source import means_a_file, read_clip, shown
from daemon.cli.tables import table
from daemon.core.shown import line
from daemon.errors import BadAudio, SidechainError, UsageError

if TYPE_CHECKING:
    from audio.read.clip import Clip

TakeId = Annotated[
    str,
    typer.Argument(help="A take's id or its start, its name, or `last`.", autocompletion=completing.takes),
]
FORMATS = {
    ".wav": "take.wav",
    ".flac": "take.flac",
    ".mp3": "take.mp3",
    ".svg": "waveform.svg",
    ".json": "peaks.json",
    ".dat": "peaks.256.dat",
}


def card(
    take: TakeId = "last",
    to: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .svg, or .png (the waveform alone).")
    ] = Path("card.svg"),
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Draw how a take sounds, as it is heard: waveform, loudness over time, target, peaks, seam.

    Examples:  sidechain takes card last -o card.svg   ·   sidechain takes card last -o card.png
    """
    if to.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"{to.name} has no ending that names a format.", "Use .svg or .png.")
    if os.path.lexists(to) and not force:
        raise UsageError(f"{shown(to)} exists.", "Add --force to replace it.")
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    from audio.draw.card import card_svg
    from audio.draw.png import WIDTH, waveform_png
    from audio.draw.waveform import peaks
    from daemon.library.sidecars import read_take

    clip = _file(one, FORMATS[".mp3"])
    t = one.take
    bars = [frame / t.frames for frame in read_take(Path(one.path)).cut.bar_frames]
    if to.suffix.lower() == ".png":
        data = waveform_png(peaks(clip.samples, points=WIDTH), bar_fractions=bars)
    else:
        data = card_svg(
            clip.samples,
            clip.sample_rate_hz,
            title=t.name,
            bpm=t.bpm,
            key=t.key,
            bar_fractions=bars,
        ).encode()
    write_files(to.parent, {to.name: data}, force=force)
    show({"path": shown(to), "bytes": len(data)}, as_json, lambda: f"Wrote {line(shown(to))}.")


def _file(one: c.OneTake, name: str) -> "Clip":
    """One of a take's files. Raises SidechainError while it is not made."""
    source = Path(one.path) / name
    if not source.exists():
        raise SidechainError(f"This take is not made yet ({one.take.state}).", "Try again in a moment.")
    return read_clip(source)


def compare(
    take: TakeId = "last",
    other: Annotated[
        str, typer.Argument(metavar="[TAKE]", help="A second one: then both are compared by analysis.")
    ] = "",
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; made if missing.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files of the same names.")] = False,
    as_json: Json = False,
) -> None:
    """Write before.wav (as played) and after.wav (the MP3 as heard), both equally loud, to compare by ear; of two takes, say what changed.

    Examples:  sidechain takes compare last   ·   sidechain takes compare "mix 1" "mix 2"
    """
    if other:
        from daemon.cli import listening

        listening.compare(take, other, as_json)
        return
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    from audio.encode.wave import wav_f32_header
    from audio.intake import sanitize
    from audio.level.compare import at_equal_loudness

    played, heard = _file(one, FORMATS[".wav"]), _file(one, FORMATS[".mp3"])
    both = at_equal_loudness(
        sanitize(played.samples).samples, played.sample_rate_hz, heard.samples, heard.sample_rate_hz
    )
    files = {
        name: wav_f32_header(len(samples), samples.shape[1], clip.sample_rate_hz) + samples.tobytes()
        for name, clip, samples in zip(("before.wav", "after.wav"), (played, heard), both, strict=True)
    }
    write_files(out, files, force=force)
    before, after = shown(out / "before.wav"), shown(out / "after.wav")
    show({"before": before, "after": after}, as_json, lambda: f"Wrote {line(before)} and {line(after)}.")


def similar(
    what: Annotated[
        str, typer.Argument(metavar="TAKE|FILE", help="A take's id or its start, `last`, or an audio file.")
    ] = "last",
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many.")] = 10,
    as_json: Json = False,
) -> None:
    """Have I made this before? The takes that are the same sound, then those that are most like it.

    Examples:  sidechain takes similar   ·   sidechain takes similar idea.wav
    """
    if means_a_file(what):
        file = Path(what)
        if not os.path.isfile(file):
            raise BadAudio(f"{file} is not there.", "Check the path.")
        fingerprint, embedding = marks_of(file, read_clip(file))
        request = c.FindSimilar(fingerprint=fingerprint, embedding=embedding, limit=limit)
    else:
        request = c.FindSimilar(take_id=what, limit=limit)
    found = ask(request, c.SimilarTakes)

    def text() -> str:
        rows = [
            [
                each.take_id[:12],
                when(each.created_us),
                each.name,
                "yes" if each.same else "no",
                f"{each.score:.0%}",
                f"{each.likeness:.2f}",
            ]
            for each in found.found
        ]
        return (
            table(["take", "when", "title", "same", "agrees", "likeness"], rows, spare=("agrees", "when"))
            or "There is no other take yet."
        )

    show(found, as_json, text)


def marks_of(file: Path, clip: "Clip") -> tuple[bytes, bytes]:
    """Fingerprint and embedding of a file's sound, as the library has them of its takes. Raises BadAudio."""
    from audio.errors import AudioError
    from audio.intake import sanitize
    from daemon.features.rendering.pipeline import Settings, analyse_clip, plain_analysis

    settings = Settings(title="")
    try:
        heard = plain_analysis(
            analyse_clip(sanitize(clip.samples).samples, clip.sample_rate_hz, settings), settings
        )
    except AudioError as error:
        raise BadAudio(f"{file}: {error}") from error
    return heard.fingerprint[: c.MAX_FINGERPRINT_BYTES], heard.embedding


def repair(
    take: TakeId,
    fade: Annotated[bool, typer.Option("--fade", help="Fade 3 ms at both ends.")] = False,
    wrap: Annotated[
        bool, typer.Option("--wrap", help="Lay what rang on after the last bar under the first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Mend the seam of a take's loop; without an option, as its seam asks for. The sound as played is kept.

    A post that was made before keeps the sound it was made with. `sidechain takes undo` takes the repair back.
    """
    if fade and wrap:
        raise UsageError("Give --fade or --wrap, not both.")
    _mended(c.RepairTake(take_id=take, how="fade" if fade else "wrap" if wrap else None), as_json)


def undo(take: TakeId, as_json: Json = False) -> None:
    """Take the repair of a take back: all its files are made again from the sound as played."""
    _mended(c.UndoRepair(take_id=take), as_json)


def _mended(request: c.RepairTake | c.UndoRepair, as_json: bool) -> None:
    from daemon.cli.following import follow_take

    before = ask(c.ShowTake(take_id=request.take_id), c.OneTake)
    asked = ask(request, c.OneTake)
    follow_take(asked.take.take_id)
    after = ask(c.ShowTake(take_id=asked.take.take_id), c.OneTake)

    def text() -> str:
        done = f"Mended by {after.take.repair}" if after.take.repair else "As played again"
        kept = "\nThe post keeps the sound it was made with." if after.take.post_url else ""
        return f"{done}: seam {_seam(before.sound)} → {_seam(after.sound)}.{kept}"

    show(after, as_json, text)


def _seam(sound: c.SoundInfo | None) -> str:
    if sound is None or sound.seam_score is None:
        return "–"
    return f"{sound.seam_score:.2f} ({sound.seam_reason})"


def alike_line(alike: c.AlikeInfo) -> str:
    """The same sound, made before."""
    speed = f", {alike.speed - 1:+.0%} in speed" if alike.speed != 1.0 else ""
    return f"the same sound as “{alike.name}”, kept {when(alike.created_us)} ({number(100 * alike.score, '', 0)} % agree{speed})"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (card, compare, similar, repair, undo):
        app.command()(command)
