"""`sidechain loops|songs|patterns|machines …`: what is written down instead of recorded, in the library. One set of commands for all."""

import inspect
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.daemon_commands import when
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, note, settings, show
from daemon.cli.tables import table
from daemon.core.shown import line
from daemon.errors import UsageError

KINDS: tuple[c.ScoreKind, ...] = get_args(c.ScoreKind)
Called = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Its name, the start of its id, or `last`.",
        autocompletion=completing.creations,
    ),
]
RELAY_LIMIT_S = 120.0
STATES = {"here": "here", "waiting": "to be sent", "relay": "at the relay", "trouble": "stuck"}


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What `import --json` prints. told: what of the file was left out."""

    creation: c.CreationInfo
    told: tuple[str, ...]


class ScoreCommands:
    """Of one kind."""

    def __init__(self, kind: c.ScoreKind) -> None:
        self.kind = kind

    def list_(
        self,
        limit: Annotated[
            int, typer.Option(min=1, max=500, help="How many, the one changed last first.")
        ] = 50,
        search: Annotated[str, typer.Option("--search", "-s", help="Words of the name.")] = "",
        deleted: Annotated[bool, typer.Option("--deleted", help="Those that can be restored.")] = False,
        relay: Annotated[bool, typer.Option("--relay", help="Those that the relay has of yours.")] = False,
        as_json: Json = False,
    ) -> None:
        """List your KINDs, the one changed last first. Example:  sidechain KINDs list --search night"""
        if relay:
            if search or deleted:
                raise UsageError("The relay's are listed whole.", "Leave --search and --deleted out.")
            list_held(self.kind, limit, as_json)
            return
        found = ask(
            c.ListCreations(kind=self.kind, limit=limit, search=search, deleted=deleted), c.CreationList
        )
        nothing = f"No {self.kind}s here. `sidechain {self.kind}s import FILE` takes one in."
        columns = [self.kind, "changed", "name", "bars", "BPM", "key", "where"]
        rows = [
            [
                each.short_id,
                when(each.changed_us),
                each.name,
                "–" if each.bars is None else f"{each.bars:g}",
                str(each.bpm),
                each.key or "–",
                STATES.get(each.state, each.state),
            ]
            for each in found.creations
        ]
        show(found, as_json, lambda: table(columns, rows) or nothing)

    def show(self, name: Called = "last", as_json: Json = False) -> None:
        """Show a KIND: what it is, where it is, and its picture. Example:  sidechain KINDs show last"""
        one = ask(c.ShowCreation(kind=self.kind, creation=name), c.OneCreation)
        show(one, as_json, lambda: f"{described(one.creation)}\n{_picture(one)}")

    def import_(
        self,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON; for loops and patterns also MIDI.")],
        name: Annotated[str, typer.Option(help="What it is called; default: as the file says.")] = "",
        into: Annotated[str, typer.Option(help="One of yours that becomes this; default: a new one.")] = "",
        as_json: Json = False,
    ) -> None:
        """Take a KIND in from a file.

        Examples:  sidechain KINDs import idea.json   ·   sidechain KINDs import idea.json --into last
        """
        from daemon.cli.score_files import read_score
        from daemon.system.files import TMP_PREFIX

        ask(c.GetStatus(), c.Status)
        read = read_score(file, self.kind, name)
        with tempfile.TemporaryDirectory(prefix=f"{TMP_PREFIX}score-", dir=settings().data) as folder:
            path = Path(folder) / "score.json"
            path.write_bytes(read.score)
            request = c.AddCreation(kind=self.kind, path=str(path), name=name, into=into)
            one = ask(request, c.OneCreation)
        done = Imported(creation=one.creation, told=read.told)
        if not as_json:
            for each in read.told:
                note(each)
        show(done, as_json, lambda: f"{'Saved' if into else 'Imported'}: {described(one.creation)}")

    def rename(
        self,
        name: Called,
        to: Annotated[str, typer.Argument(metavar="NEW", help="What it is called from now on.")],
        as_json: Json = False,
    ) -> None:
        """Call a KIND otherwise. Example:  sidechain KINDs rename last "Night drive" """
        one = ask(c.RenameCreation(kind=self.kind, creation=name, name=to), c.OneCreation)
        show(one, as_json, lambda: f"Renamed: {described(one.creation)}")

    def delete(self, name: Called, as_json: Json = False) -> None:
        """Delete a KIND, also at the relay if it is there; `sidechain KINDs restore` undoes it for `restore_days`.

        Example:  sidechain KINDs delete "Night drive"
        """
        one = ask(c.DeleteCreation(kind=self.kind, creation=name), c.OneCreation)
        undo = f"`sidechain {self.kind}s restore {one.creation.short_id}` brings it back."
        show(one, as_json, lambda: f"Deleted “{line(one.creation.name)}”. {undo}")

    def restore(self, name: Called = "last", as_json: Json = False) -> None:
        """Bring back a KIND that was deleted. Example:  sidechain KINDs restore last"""
        one = ask(c.RestoreCreation(kind=self.kind, creation=name), c.OneCreation)
        show(one, as_json, lambda: f"Back: {described(one.creation)}")


def list_held(kind: c.ScoreKind, limit: int, as_json: bool) -> None:
    """What the relay has."""
    found = ask(c.ListHeld(kind=kind, limit=limit), c.HeldList, timeout_s=RELAY_LIMIT_S)
    rows = [
        [each.relay_id, each.name, str(each.version), (each.creation_id or "–")[:12]]
        for each in found.creations
    ]
    show(
        found,
        as_json,
        lambda: (
            table(["at the relay", "name", "version", "here"], rows) or f"The relay has no {kind}s of yours."
        ),
    )


def described(one: c.CreationInfo) -> str:
    """In one line."""
    bars = [f"{one.bars:g} bar{'s' * (one.bars != 1)}"] if one.bars is not None else []
    facts = [*bars, f"{one.bpm} BPM", *([one.key] if one.key else []), STATES.get(one.state, one.state)]
    sound = f" Its sound is take {one.take_id[:12]}." if one.take_id else ""
    trouble = f" {line(one.trouble)}" if one.trouble else ""
    return f"{one.short_id} “{line(one.name)}”, {', '.join(facts)}.{sound}{trouble}"


def _picture(one: c.OneCreation) -> str:
    from daemon.cli.score_picture import picture
    from daemon.cli.score_sound import score_in, scores_of_loops

    score = score_in(Path(one.path))
    names = {each: loop.name for each, loop in scores_of_loops(score, Path(one.path)).items()}
    width = shutil.get_terminal_size().columns
    return (
        "\n".join(line(each) for each in picture(score, names, width).splitlines())
        or "Nothing sounds in it yet."
    )


def _listed_by_default(commands: ScoreCommands) -> Callable[..., None]:
    def lists(ctx: typer.Context, as_json: Json = False) -> None:
        if ctx.invoked_subcommand is None:
            commands.list_(as_json=as_json)

    return lists


def app_of(kind: c.ScoreKind) -> typer.Typer:
    """The commands of a kind."""
    if kind not in KINDS:
        raise UsageError(f"There is no {kind}.")
    from daemon.cli.score_relay import RelayCommands
    from daemon.cli.score_sound import SoundCommands

    commands, sound, relay = ScoreCommands(kind), SoundCommands(kind), RelayCommands(kind)
    named: dict[str, Callable[..., None]] = {
        "list": commands.list_,
        "show": commands.show,
        "import": commands.import_,
        "rename": commands.rename,
        "export": sound.export,
        "midi": sound.midi,
        "render": sound.render,
        "push": relay.push,
        "pull": relay.pull,
        "share": relay.share,
        "links": relay.links,
        "unshare": relay.unshare,
        "delete": commands.delete,
        "restore": commands.restore,
    }
    app = typer.Typer(cls=Group, help=f"Your {kind}s: {', '.join(named)}.", no_args_is_help=False)
    app.callback(invoke_without_command=True)(_listed_by_default(commands))
    for name, command in named.items():
        app.command(name, help=inspect.cleandoc(command.__doc__ or "").replace("KIND", kind))(command)
    return app
