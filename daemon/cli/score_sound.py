"""`sidechain loops|songs|patterns|machines render | midi | export`: a score as sound, as MIDI, and as JSON."""

import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.daemon_commands import describe
from daemon.cli.new_files import write_files
from daemon.cli.output import Json, ask, settings, show
from daemon.cli.source import shown
from daemon.core.names import file_stem, free_name
from daemon.core.shown import line
from daemon.errors import NothingKept, UsageError

if TYPE_CHECKING:  # msgspec's shapes and the renderer stand behind these
    from numpy import float32
    from numpy.typing import NDArray

    from audio.score.events import Compiled
    from relay.wire.scores import LoopScore, Score

Called = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Its name, the start of its id, or `last`.", autocompletion=completing.creations
    ),
]
To = Annotated[Path, typer.Argument(metavar="OUT", help="File to write, or a folder: then under its name.")]
Force = Annotated[bool, typer.Option("--force", help="Write over an existing file.")]
Bpm = Annotated[int | None, typer.Option(min=40, max=240, help="Its tempo; default: its own.")]
SOUNDS = (".wav", ".flac")
IMPORT_LIMIT_S = 120.0


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What `render --json` prints of a file. lufs: of it; None: too quiet to measure. reason: audio.level.target.LoudnessReason."""

    path: str
    bytes: int
    bpm: float
    seconds: float
    lufs: float | None
    gain_db: float
    reason: str


class SoundCommands:
    """Of one kind."""

    def __init__(self, kind: c.ScoreKind) -> None:
        self.kind = kind

    def render(
        self,
        name: Called,
        to: Annotated[
            Path | None, typer.Argument(metavar="OUT", help="File to write: .wav or .flac; or a folder.")
        ] = None,
        take: Annotated[
            bool, typer.Option("--take", help="Make a take of it, which can be dragged out of the window.")
        ] = False,
        bpm: Bpm = None,
        project: Annotated[
            bool, typer.Option("--project", help="At the tempo that your DAW has now.")
        ] = False,
        force: Force = False,
        as_json: Json = False,
    ) -> None:
        """Make the sound of a KIND: a file at −14 LUFS, or a take.

        Examples:  sidechain KINDs render last idea.wav   ·   sidechain KINDs render last --take --project
        """
        if take == (to is not None):
            raise UsageError("A file, or a take.", "Name a file to write, or say --take.")
        if project and bpm is not None:
            raise UsageError("That is two tempos.", "Say --bpm or --project.")
        one = ask(c.ShowCreation(kind=self.kind, creation=name), c.OneCreation)
        sheet = Sheet(one, bpm=_project_bpm() if project else bpm)
        if to is None:
            made = as_take(sheet)
            show(made, as_json, lambda: f"Kept: {describe(made.take)}.")
            return
        path = _place(to, one.creation.name, SOUNDS, ".wav", force)
        if path.suffix.lower() not in SOUNDS:
            raise UsageError(f"{shown(path.name)} is no sound that is written here.", "Use .wav or .flac.")
        done, data = _levelled(sheet, path)
        write_files(path.parent, {path.name: data}, force=force)
        loud = "too quiet to measure" if done.lufs is None else f"{done.lufs:.1f} LUFS ({done.reason})"
        show(
            done,
            as_json,
            lambda: f"Wrote {line(done.path)}: {done.seconds:.1f} s at {done.bpm:g} BPM, {loud}.",
        )

    def midi(
        self, name: Called, to: To, bpm: Bpm = None, force: Force = False, as_json: Json = False
    ) -> None:
        """Write the notes of a KIND as a MIDI file. Example:  sidechain KINDs midi last idea.mid"""
        from audio.score.midi import write_midi

        one = ask(c.ShowCreation(kind=self.kind, creation=name), c.OneCreation)
        sheet = Sheet(one, bpm=bpm)
        data = write_midi(sheet.compiled(), sheet.score.name)
        self._write(_place(to, one.creation.name, (".mid", ".midi"), ".mid", force), data, force, as_json)

    def export(self, name: Called, to: To, force: Force = False, as_json: Json = False) -> None:
        """Write a KIND as JSON, as `import` and the relay take it. Example:  sidechain KINDs export last idea.json"""
        one = ask(c.ShowCreation(kind=self.kind, creation=name), c.OneCreation)
        data = msgspec.json.format(msgspec.json.encode(score_in(Path(one.path))), indent=1)
        self._write(_place(to, one.creation.name, (".json",), ".json", force), data, force, as_json)

    def _write(self, path: Path, data: bytes, force: bool, as_json: bool) -> None:
        write_files(path.parent, {path.name: data}, force=force)
        show({"path": shown(path), "bytes": len(data)}, as_json, lambda: f"Wrote {line(shown(path))}.")


class Sheet:
    """A score that is to sound. bpm: in place of its own; a DAW's is no whole number. Raises UsageError."""

    def __init__(self, one: c.OneCreation, bpm: int | Fraction | None = None) -> None:
        from daemon.core.scores import kind_of, rules_of

        self.score = score_in(Path(one.path))
        self.bpm = self.score.bpm if bpm is None else bpm
        self.creation = one.creation
        self.is_loop = rules_of(kind_of(self.score)).is_loop
        self._loops = scores_of_loops(self.score, Path(one.path))

    def compiled(self) -> "Compiled":
        """Raises UsageError."""
        from daemon.core.scores import compiled

        take = self.creation.take_id
        if (
            take is not None
            and not getattr(self.score, "steps", ())
            and not getattr(self.score, "chords", ())
        ):
            raise UsageError(
                "It has no notes yet: its sound is a take.",
                f"`sidechain takes export {take[:12]}` writes that.",
            )
        return compiled(self.score, self._loops)._replace(bpm=self.bpm)

    def sound(self) -> "NDArray[float32]":
        """At audio.score.kit's rate, as loud as it comes. Raises UsageError, SidechainError."""
        from audio.errors import UnsupportedAudio
        from audio.score.render import render
        from daemon.cli.instruments import recordings_for

        compiled = self.compiled()
        custom = recordings_for(compiled)
        try:
            return render(compiled, is_loop=self.is_loop, custom=custom)
        except UnsupportedAudio as error:
            raise UsageError(str(error), "Make it shorter, or say a faster tempo.") from error


def score_in(path: Path) -> "Score":
    """What stands in the library's file of a creation. Raises UsageError: it is gone."""
    from daemon.core.creations import Creation
    from daemon.core.scores import read_text

    try:
        return read_text(msgspec.json.decode(path.read_bytes(), type=Creation).score)
    except OSError as error:
        raise UsageError(f"It is gone from the library: {error.strerror}.", "Try again.") from error


def scores_of_loops(score: "Score", path: Path) -> "dict[str, LoopScore]":
    """Of the loops that a song names, those that are in the library, beside its own file."""
    from daemon.core.scores import loops_named
    from relay.wire.scores import LoopScore

    found: dict[str, LoopScore] = {}
    for loop in loops_named(score):
        beside = path.with_name(f"{loop}{path.suffix}")
        if beside.exists():
            read = score_in(beside)
            found |= {loop: read} if isinstance(read, LoopScore) else {}
    return found


def as_take(sheet: Sheet) -> c.OneTake:
    """Its sound as a take, cut on its bars. Raises SidechainError."""
    from audio.encode.wave import wav_f32_header
    from audio.score.kit import RATE_HZ
    from daemon.system.files import TMP_PREFIX

    samples = sheet.sound()
    with tempfile.TemporaryDirectory(prefix=f"{TMP_PREFIX}render-", dir=settings().data) as folder:
        wav = Path(folder) / "sound.wav"
        header = wav_f32_header(len(samples), samples.shape[1], RATE_HZ)
        wav.write_bytes(header + samples.astype("<f4", copy=False).tobytes())
        request = c.ImportSound(
            path=str(wav),
            title=sheet.score.name,
            bpm=float(sheet.bpm),
            meter=(sheet.compiled().beats_per_bar, 4),
            given=True,
        )
        return ask(request, c.OneTake, timeout_s=IMPORT_LIMIT_S)


def _levelled(sheet: Sheet, path: Path) -> tuple[Rendered, bytes]:
    """By one gain towards −14 LUFS, held below −1 dBTP, as the pipeline does it."""
    from audio.encode.flac import encode_flac
    from audio.encode.wave_s24 import wav_s24
    from audio.level.target import apply_gain, static_gain
    from audio.measure.loudness import loudness
    from audio.measure.peak import true_peak_dbtp
    from audio.score.kit import RATE_HZ

    samples = sheet.sound()
    lufs = loudness(samples, RATE_HZ).integrated_lufs
    gain = static_gain(lufs, true_peak_dbtp(samples))
    levelled = apply_gain(samples, gain.gain_db)
    data = (
        encode_flac(levelled, RATE_HZ).data if path.suffix.lower() == ".flac" else wav_s24(levelled, RATE_HZ)
    )
    done = Rendered(
        path=shown(path),
        bytes=len(data),
        bpm=float(sheet.bpm),
        seconds=len(samples) / RATE_HZ,
        lufs=None if lufs is None else lufs + gain.gain_db,
        gain_db=gain.gain_db,
        reason=str(gain.reason),
    )
    return done, data


def _project_bpm() -> Fraction:
    """The tempo that a plugin is told by its host, exactly. Raises NothingKept."""
    every = ask(c.ListInstances(), c.InstanceList).instances
    told = [each for each in every if each.bpm is not None]
    playing = [each for each in told if each.playing] or told
    if not playing or playing[0].bpm is None:
        raise NothingKept("No plugin is told a tempo by its DAW.", "Say it with --bpm.")
    return Fraction(playing[0].bpm)


def _place(to: Path, name: str, endings: tuple[str, ...], ending: str, force: bool) -> Path:
    """A folder's next free name, or the file itself."""
    if str(to).endswith(os.sep) or to.is_dir():
        stem = file_stem(name)
        free = stem + ending if force else free_name(stem, ending, lambda n: os.path.lexists(to / n))
        return to / free
    return to if to.suffix.lower() in endings or to.suffix else to.with_name(to.name + ending)
