"""`sidechain import`: sound files become takes. Decoded here, in the sandbox; made durable by the daemon."""

import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.daemon_commands import describe
from daemon.cli.output import Json, ask, note, settings, show
from daemon.cli.source import read_clip, shown
from daemon.cli.takes_sound import marks_of
from daemon.core.shown import line
from daemon.core.titles import fitting
from daemon.errors import NotRunning, SidechainError
from daemon.system.files import TMP_PREFIX

if TYPE_CHECKING:
    from audio.read.clip import Clip

IMPORT_LIMIT_S = 120.0
BUSY = "busy"  # the code of a search whose worker makes a long take meanwhile


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was left out. code: as of an error with --json."""

    file: str
    code: str
    message: str


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose sound is a take already."""

    file: str
    take_id: str
    name: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What `import --json` prints. takes: one for each file that came in, in their order."""

    takes: list[c.TakeInfo]
    duplicates: list[Duplicate]
    refused: list[Refused]


class TakenIn(msgspec.Struct):
    """What has come of the files so far. exit_code: of the first that was refused."""

    takes: list[c.TakeInfo] = []
    duplicates: list[Duplicate] = []
    refused: list[Refused] = []
    exit_code: int = 0


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="WAV, AIFF, FLAC, MP3 or Ogg files.")
    ],
    bpm: Annotated[
        float | None,
        typer.Option(
            min=20.0, max=999.0, help="Their tempo; default: what a file says, else what is heard in it."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Put them under this tag; may be given again.")
    ] = None,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Also those whose sound is a take already.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make takes of sound files. One that cannot be read is said and stops none of the others.

    Examples:  sidechain import loops/*.wav   ·   sidechain import idea.flac --bpm 92 --tag sketches
    """
    from rich.console import Console
    from rich.progress import Progress

    ask(c.GetStatus(), c.Status)
    done, console = TakenIn(), Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("importing", total=len(files))
        take_in = Importer(done, bpm=bpm, tags=tuple(tag or ()), duplicates=duplicates)
        for file in files:
            bar.update(task, description=shown(file.name))
            each(file, take_in, done, quiet=as_json)
            bar.advance(task)
    result = Imported(takes=done.takes, duplicates=done.duplicates, refused=done.refused)
    show(result, as_json, lambda: _in_words(result))
    raise typer.Exit(done.exit_code)


def each(file: Path, deed: Callable[[Path], None], done: TakenIn, *, quiet: bool) -> None:
    """The deed with one of several files; what is wrong with it stops no other. Raises NotRunning, which stops all."""
    try:
        deed(file)
    except NotRunning:
        raise
    except SidechainError as error:
        done.refused.append(Refused(file=shown(file), code=error.code, message=error.message))
        done.exit_code = done.exit_code or error.exit_code
        if not quiet:
            named = str(error) if shown(file) in error.message else f"{shown(file)}: {error}"
            note(line(f"Left out: {named}"))


class Importer:
    """Takes in one file after the other. Raises SidechainError, BadAudio."""

    def __init__(self, done: TakenIn, *, bpm: float | None, tags: Sequence[str], duplicates: bool) -> None:
        self._done = done
        self._bpm = bpm
        self._tags = tuple(tags)
        self._duplicates = duplicates
        self._seen: dict[bytes, c.TakeInfo] = {}  # the library knows a sound only once it has been analysed

    def __call__(self, file: Path) -> None:
        clip = read_clip(file)
        content = sha256(clip.samples.tobytes()).digest()
        if not self._duplicates and (known := self._seen.get(content) or self._made_before(file, clip)):
            self._done.duplicates.append(
                Duplicate(file=shown(file), take_id=known.take_id, name=known.name or known.title)
            )
            return
        take = take_in(file, clip, self._bpm)
        if self._tags:
            take = ask(c.TagTake(take_id=take.take_id, add=self._tags), c.OneTake).take
        self._seen[content] = take
        self._done.takes.append(take)

    def _made_before(self, file: Path, clip: "Clip") -> c.AlikeInfo | None:
        """Where nobody has time to look, it comes in: a sound twice is a smaller loss than a file left out."""
        fingerprint, embedding = marks_of(file, clip)
        asked = c.FindSimilar(fingerprint=fingerprint, embedding=embedding, limit=1)
        try:
            found = ask(asked, c.SimilarTakes).found
        except SidechainError as error:
            if error.code != BUSY:
                raise
            return None
        return found[0] if found and found[0].same and found[0].speed == 1.0 else None


def take_in(file: Path, clip: "Clip", bpm: float | None, title: str = "") -> c.TakeInfo:
    """The file's sound as a take. Raises SidechainError."""
    from audio.encode.wave import wav_f32_header
    from audio.intake import sanitize

    samples = sanitize(clip.samples).samples
    words = clip.words
    with tempfile.TemporaryDirectory(prefix=f"{TMP_PREFIX}import-", dir=settings().data) as folder:
        wav = Path(folder) / "sound.wav"
        header = wav_f32_header(len(samples), samples.shape[1], clip.sample_rate_hz)
        wav.write_bytes(header + samples.astype("<f4", copy=False).tobytes())
        request = c.ImportSound(
            path=str(wav),
            title=title or fitting(words.title or "").title or fitting(shown(file.stem)).title,
            bpm=bpm or words.bpm,
            meter=words.meter,
            given=bpm is not None,
        )
        return ask(request, c.OneTake, timeout_s=IMPORT_LIMIT_S).take


def _in_words(result: Imported) -> str:
    lines = [f"Imported: {describe(take)}." for take in result.takes]
    lines += [
        f"Left out, it is a take already: {line(one.file)} is “{one.name}”; `--duplicates` takes it in all the same."
        for one in result.duplicates
    ]
    if len(lines) + len(result.refused) > 1:
        counts = [
            f"{len(result.takes)} imported",
            f"{len(result.duplicates)} there already",
            f"{len(result.refused)} refused",
        ]
        lines.append(", ".join(counts) + ".")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("import")(import_)
