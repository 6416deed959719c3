"""`sidechain outbox …`: what is on its way to the relay, and what came to a halt."""

from datetime import datetime
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.daemon_commands import when
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, show
from daemon.cli.tables import table
from daemon.core.meant import meant
from daemon.errors import UsageError

app = typer.Typer(cls=Group, help="The outbox: list, undo, retry, discard.", no_args_is_help=False)

EntryId = Annotated[
    str, typer.Argument(help="An entry's id, or its take's, or the start of either, or its name.")
]


@app.callback(invoke_without_command=True)
def _list(
    ctx: typer.Context,
    ended: Annotated[bool, typer.Option("--all", help="Also what has arrived, or was discarded.")] = False,
    as_json: Json = False,
) -> None:
    if ctx.invoked_subcommand is None:
        list_entries(ended=ended, as_json=as_json)


@app.command("list")
def list_entries(
    ended: Annotated[bool, typer.Option("--all", help="Also what has arrived, or was discarded.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=c.MAX_LIST, help="How many, the newest.")] = 100,
    as_json: Json = False,
) -> None:
    """List entries, oldest first: the order in which they go out.

    Examples:  sidechain outbox   ·   sidechain outbox list --all --limit 20 --json
    """
    found = ask(c.ListOutbox(ended=ended, limit=limit), c.EntryList)
    show(found, as_json, lambda: _text(found.entries) or "The outbox is empty.")


@app.command()
def retry(
    entry: Annotated[str, typer.Argument(help="An entry's id or its start, or `all`.")], as_json: Json = False
) -> None:
    """Try an entry again now; also one that was discarded. `all`: each that has not arrived.

    Examples:  sidechain outbox retry all   ·   sidechain outbox retry 0192f3c4
    """
    after = ask(c.RetryEntries(entry_id=entry), c.EntryList)
    show(after, as_json, lambda: _text(after.entries) or "Nothing waits to be posted.")


def pause(
    minutes: Annotated[
        float | None, typer.Option("--for", min=1, max=7 * 1440, help="Minutes; without: until `resume`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Post nothing for a while. Keeping goes on, and what waits goes out afterwards; a restart does not end it.

    Examples:  sidechain pause --for 60   ·   sidechain pause
    """
    done = ask(c.PausePosting(seconds=None if minutes is None else minutes * 60), c.Done)
    until = "until `sidechain resume`" if minutes is None else f"for {minutes:g} minutes"
    show(done, as_json, lambda: f"Nothing is posted {until}. What is under way arrives.")


def resume(as_json: Json = False) -> None:
    """Post again what waits. Example:  sidechain resume"""
    show(ask(c.ResumePosting(), c.Done), as_json, lambda: "What waits is posted.")


@app.command()
def discard(
    entry: EntryId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Take an entry back: it is not posted. The take stays; `sidechain outbox retry` brings the entry back.

    Examples:  sidechain outbox discard 0192f3c4   ·   sidechain outbox discard 0192f3c4 --yes --json
    """
    if not yes:
        typer.confirm(f"Do not post {_named(entry)}? The take itself stays", abort=True, err=True)
    after = ask(c.DiscardEntry(entry_id=entry), c.EntryList)
    show(after, as_json, lambda: "Discarded; the take is still in the library.")


@app.command()
def undo(
    entry: Annotated[
        str,
        typer.Argument(
            help="An entry's id, or its take's, or the start of either. Default: the one held last."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Do not post what was just posted: nothing of it leaves while it is held (`undo_seconds`). The take stays.

    Examples:  sidechain undo   ·   sidechain undo 0192f3c4 --json
    """
    after = ask(c.UndoPost(entry_id=entry), c.EntryList)
    show(
        after,
        as_json,
        lambda: f"Undone: “{after.entries[0].name}” is not posted. The take is in the library.",
    )


def _named(prefix: str) -> str:
    """What a person knows the entry by; `prefix` when it is not among the newest, or names several."""
    entries = ask(c.ListOutbox(ended=True, limit=c.MAX_LIST), c.EntryList).entries
    found = meant(prefix, entries, ids=lambda e: (e.entry_id, e.take_id), name=lambda e: e.name)
    if len(entries) < c.MAX_LIST and not found:
        raise UsageError(
            f"No entry has an id that starts with {prefix!r}, or that name.",
            "`sidechain outbox --all` lists them.",
        )
    if len(found) != 1:
        return prefix
    return f"“{found[0].name}” of {when(found[0].created_us)} ({found[0].state})"


def _text(entries: list[c.EntryInfo]) -> str:
    rows = [
        [
            e.entry_id[:13],
            when(e.created_us),
            e.name,
            e.account or "–",
            e.state,
            _sent(e),
            str(e.attempts),
            _next(e),
            e.post_url or e.reason or "",
        ]
        for e in entries
    ]
    return table(
        ["entry", "when", "name", "account", "state", "sent", "tries", "next", "what"],
        rows,
        spare=("tries", "account", "when"),
    )


def _sent(entry: c.EntryInfo) -> str:
    if not entry.size_bytes:
        return "–"
    return f"{entry.sent_bytes / 1e6:.1f} of {entry.size_bytes / 1e6:.1f} MB"


def _next(entry: c.EntryInfo) -> str:
    if entry.held_s is not None:
        return f"in {entry.held_s:.0f} s"
    if not entry.next_attempt_us:
        return "–"
    return datetime.fromtimestamp(entry.next_attempt_us / 1e6).strftime("%H:%M:%S")
