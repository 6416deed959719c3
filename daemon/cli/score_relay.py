"""`sidechain loops|songs|patterns|machines push | pull`, `sidechain sync`: between the library and the relay."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.output import Json, ask, show
from daemon.cli.tables import table
from daemon.core.shown import line

RELAY_LIMIT_S = 120.0
SYNC_LIMIT_S = 900.0
Called = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Its name, the start of its id, or `last`.", autocompletion=completing.creations
    ),
]


class RelayCommands:
    """Of one kind."""

    def __init__(self, kind: c.ScoreKind) -> None:
        self.kind = kind

    def push(
        self,
        name: Called = "last",
        force: Annotated[
            bool, typer.Option("--force", help="Also over what was saved at the relay meanwhile.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Bring a KIND to the relay, private; from then on what you change of it is sent by itself, once.

        Without a connection it waits, also over a restart.

        Examples:  sidechain KINDs push last   ·   sidechain KINDs push "Night drive" --force
        """
        one = ask(
            c.PushCreation(kind=self.kind, creation=name, force=force), c.OneCreation, timeout_s=RELAY_LIMIT_S
        )
        show(one, as_json, lambda: _pushed(one.creation))

    def pull(
        self,
        name: Annotated[
            str,
            typer.Argument(
                metavar="NAME",
                help="Its name, the start of its id, or the address of its page.",
                autocompletion=completing.creations,
            ),
        ],
        force: Annotated[
            bool, typer.Option("--force", help="Also over what you changed here, which stays as a copy.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Fetch a KIND from the relay as it is there now; of others, a copy of your own.

        Examples:  sidechain KINDs pull "Night drive"   ·   sidechain KINDs pull https://relay.example/post/0192f3c4
        """
        one = ask(
            c.PullCreation(kind=self.kind, creation=name, force=force), c.OneCreation, timeout_s=RELAY_LIMIT_S
        )
        version = one.creation.relay_version
        said = f"as version {version} of it is at the relay" if version else "a copy of your own"
        show(one, as_json, lambda: f"Fetched “{line(one.creation.name)}”, {said}.")

    def share(
        self,
        name: Called = "last",
        days: Annotated[
            int | None, typer.Option(min=1, max=3650, help="For how many days; default: until you end it.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Make a link by which anybody sees a KIND, without an account; it is told this once.

        Examples:  sidechain KINDs share last --days 7   ·   sidechain KINDs links last
        """
        request = c.ShareCreation(kind=self.kind, creation=name, days=days)
        made = ask(request, c.LinkList, timeout_s=RELAY_LIMIT_S)
        show(made, as_json, lambda: "\n".join(f"{each.url}  ({_until(each)})" for each in made.links))

    def links(self, name: Called = "last", as_json: Json = False) -> None:
        """List the links to a KIND that show something now. Example:  sidechain KINDs links last"""
        found = ask(c.ListLinks(kind=self.kind, creation=name), c.LinkList, timeout_s=RELAY_LIMIT_S)
        show(found, as_json, lambda: _links(found) or "No link shows it.")

    def unshare(
        self,
        name: Called,
        link: Annotated[
            str, typer.Option(help="One link, by the start of its id in `links`; default: all of them.")
        ] = "",
        as_json: Json = False,
    ) -> None:
        """End the links to a KIND, or one of them: it shows nothing any more.

        Example:  sidechain KINDs unshare last --link 3f2a
        """
        left = ask(c.EndLinks(kind=self.kind, creation=name, link=link), c.LinkList, timeout_s=RELAY_LIMIT_S)
        show(
            left, as_json, lambda: "\n".join(filter(None, [f"Ended. Left: {len(left.links)}.", _links(left)]))
        )


def _links(found: c.LinkList) -> str:
    rows = [[each.link_id[:12], _day(each.created_at), _until(each)] for each in found.links]
    return table(["link", "since", "until"], rows)


def _until(link: c.LinkInfo) -> str:
    return "until you end it" if link.expires_at is None else f"until {_day(link.expires_at)}"


def _day(at: str) -> str:
    return at[:16].replace("T", " ")


def _pushed(one: c.CreationInfo) -> str:
    name = f"“{line(one.name)}”"
    if one.state == "trouble":
        return f"{name} was not sent. {line(one.trouble)}"
    if one.state == "waiting":
        return f"{name} waits for the relay, and is sent by itself."
    return f"{name} is at the relay, version {one.relay_version}, as {one.relay_id}."


def sync(
    every: Annotated[
        bool, typer.Option("--all", help="Also what you have never pushed: it becomes yours there, private.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the loops, songs, patterns and machines here and at the relay together, and say what was done.

    What was changed here is sent, what was changed there is fetched; what was changed at both is left alone and told.

    Examples:  sidechain sync   ·   sidechain sync --all
    """
    done = ask(c.SyncCreations(everything=every), c.Synced, timeout_s=SYNC_LIMIT_S)
    show(done, as_json, lambda: _synced(done))


def _synced(done: c.Synced) -> str:
    told = [
        ("Sent", done.sent, done.sent_count),
        ("Fetched", done.fetched, done.fetched_count),
        ("Deleted at the relay, only here now", done.gone, done.gone_count),
        ("Changed here and there, left alone", done.kept, done.kept_count),
    ]
    lines = [
        f"{what}: {', '.join(f'{each.kind} “{line(each.name)}”' for each in some)}"
        + (f" and {count - len(some)} more" if count > len(some) else "")
        + "."
        for what, some, count in told
        if count
    ]
    if done.kept_count:
        lines.append(
            "`push --force` puts yours over theirs, `pull --force` takes theirs and keeps yours as a copy."
        )
    if done.only_here:
        lines.append(f"Only here: {done.only_here}. `sidechain sync --all` brings them, too.")
    return "\n".join(lines) or "Nothing to do: library and relay are alike."


def register(app: typer.Typer) -> None:
    """Add `sync`."""
    app.command()(sync)
