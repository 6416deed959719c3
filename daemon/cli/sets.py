"""`sidechain sets …` and `keep --all`: takes of several tracks that were kept together."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer

import bridge.control as c
from daemon.cli.daemon_commands import describe, when
from daemon.cli.help import Group
from daemon.cli.new_files import write_files
from daemon.cli.output import Json, ask, settings, show
from daemon.cli.parts import PartFields
from daemon.cli.source import shown
from daemon.cli.tables import table
from daemon.cli.takes_export import Wav, sound_bytes
from daemon.core.linked_names import same_file
from daemon.core.names import file_stem, free_name
from daemon.core.shown import line

MANIFEST = "set.json"
Made = Callable[[], bytes]  # what stands in a file, when its turn comes: a set may be larger than memory
KEEP_LIMIT_S = 300.0  # 256 tracks of two minutes, on a slow disk

app = typer.Typer(
    cls=Group, help="Sets of takes, kept together: list, show, export, mix, discard.", no_args_is_help=False
)
SetId = Annotated[str, typer.Argument(help="A set's id or its start, or `last`.")]


def keep_all(part: PartFields, instance: str | None, title: str, as_json: bool) -> None:
    """`sidechain keep --all`."""
    request = c.KeepAll(instance=instance, title=title, **part)
    kept = ask(request, c.OneSet, timeout_s=KEEP_LIMIT_S)

    def text() -> str:
        lines = [f"Kept “{kept.set.name}”, {kept.set.takes} take{'s' * (kept.set.takes != 1)}:"]
        lines += [f"  {describe(each.take)}{_aligned(each)}" for each in kept.takes]
        return "\n".join([*lines, *([kept.note] if kept.note else [])])

    show(kept, as_json, text)


def _aligned(each: c.SetTake) -> str:
    return {"transport": ", by its host's transport", "time": ", by when it was heard"}.get(each.clock, "")


@app.callback(invoke_without_command=True)
def _list_by_default(ctx: typer.Context, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        list_sets(as_json=as_json)


@app.command("list")
def list_sets(
    limit: Annotated[int, typer.Option(min=1, max=c.MAX_LIST, help="How many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List sets, newest first. Example:  sidechain sets list --json"""
    found = ask(c.ListSets(limit=limit), c.SetList)
    rows = [[s.set_id[:13], when(s.created_us), s.name, str(s.takes), s.tracks] for s in found.sets]
    show(
        found,
        as_json,
        lambda: (
            table(["set", "when", "name", "takes", "tracks"], rows)
            or "No sets yet. Play on several tracks, then `sidechain keep --all`."
        ),
    )


@app.command("show")
def show_set(which: SetId = "last", as_json: Json = False) -> None:
    """Show the takes of a set, and how they are aligned."""
    one = ask(c.ShowSet(set_id=which), c.OneSet)
    lines = [f"  {describe(each.take)}{_aligned(each)}" for each in one.takes]
    show(one, as_json, lambda: "\n".join([f"“{one.set.name}”, {when(one.set.created_us)}", *lines]))


@app.command()
def export(
    which: SetId,
    to: Annotated[Path, typer.Argument(help="Folder to write into; made if missing.")],
    zipped: Annotated[bool, typer.Option("--zip", help="One ZIP file instead of a folder.")] = False,
    wav: Annotated[
        Wav | None, typer.Option(help="How WAV is written; default: the setting export_wav.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over existing files.")] = False,
    as_json: Json = False,
) -> None:
    """Write a set as a folder under its name, or a ZIP, with set.json: names, tempo, meter, bar starts.

    Examples:  sidechain sets export last ~/Samples/   ·   sidechain sets export last . --zip
    """
    one = ask(c.ShowSet(set_id=which), c.OneSet)
    files = _files(one, wav or Wav(settings().export_wav))
    stem = file_stem(one.set.name)
    if zipped:
        path = to / free_name(stem, ".zip", lambda name: not force and (to / name).exists())
        write_files(to, {path.name: _zip(files, stem)}, force=force)
    else:
        path = to / free_name(stem, "", lambda name: not force and (to / name).exists())
        write_files(path, {name: _writer(make) for name, make in files.items()}, force=force)
    show(
        {"path": shown(path), "files": sorted(files)},
        as_json,
        lambda: f"Wrote {len(files)} files to {line(shown(path))}.",
    )


def _files(one: c.OneSet, wav: Wav) -> dict[str, Made]:
    """By their names in the folder."""
    from daemon.core.set_manifest import Track, manifest  # and the rules of bars behind it
    from daemon.library.sidecars import read_take

    files: dict[str, Made] = {}
    tracks: list[Track] = []
    taken: set[str] = set()
    for each in one.takes:
        take = each.take
        stem = file_stem(take.track_name or take.name)
        name = free_name(stem, ".wav", lambda n: same_file(n) in taken)
        taken.add(same_file(name))
        files[name] = partial(sound_bytes, c.OneTake(take=take, path=each.path), ".wav", wav)
        tracks.append(
            Track(
                file=name,
                name=take.name,
                track_name=take.track_name,
                host_name=take.host_name,
                clock=each.clock,
                sample_rate_hz=take.sample_rate_hz,
                channels=take.channels,
                frames=take.frames,
            )
        )
    cut = read_take(Path(one.takes[0].path)).cut
    told = msgspec.json.encode(manifest(one.set.name, one.set.created_us, cut, tracks))
    return files | {MANIFEST: lambda: msgspec.json.format(told, indent=2)}


def _writer(make: Made) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        file.write(make())

    return write


def _zip(files: dict[str, Made], folder: str) -> Callable[[BinaryIO], None]:
    """Not compressed: sound does not shrink that way, and a DAW's import need not wait."""

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, make in files.items():
                archive.writestr(f"{folder}/{name}", make())

    return write


@app.command()
def mix(
    which: SetId = "last",
    title: Annotated[str, typer.Option(help="Its title.")] = "",
    as_json: Json = False,
) -> None:
    """Make a take of all tracks of a set together, each as loud as it was; `sidechain post` posts it."""
    one = ask(c.MixSet(set_id=which, title=title), c.OneTake)
    show(one, as_json, lambda: f"Mixed: {describe(one.take)}.")


@app.command()
def discard(which: SetId, as_json: Json = False) -> None:
    """Discard all takes of a set; `sidechain takes restore` brings each back, for some days."""
    one = ask(c.DiscardSet(set_id=which), c.OneSet)
    show(one, as_json, lambda: f"Discarded {one.set.takes} takes of “{one.set.name}”.")
