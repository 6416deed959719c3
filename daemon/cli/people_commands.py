"""Commands about people: profile, follow-requests, followers, block, mute, report."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.daemon_commands import shown_to
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, show
from daemon.cli.tables import table
from daemon.errors import UsageError

Username = Annotated[
    str,
    typer.Argument(help="Account name, with or without an @ before it.", autocompletion=completing.people),
]
requests = typer.Typer(
    cls=Group, help="Who asks to follow you. Without a command they are listed.", no_args_is_help=False
)


def profile(
    username: Annotated[
        str, typer.Argument(help="Whose; none: your own.", autocompletion=completing.people)
    ] = "",
    name: Annotated[str | None, typer.Option(help="Your name, as it is shown.")] = None,
    about: Annotated[str | None, typer.Option(help="What you say of yourself; '' takes it away.")] = None,
    daw: Annotated[str | None, typer.Option(help="The DAW you work with; '' takes it away.")] = None,
    link: Annotated[
        list[str] | None, typer.Option(help="An address with https://; several: once each.")
    ] = None,
    no_links: Annotated[bool, typer.Option("--no-links", help="Take all addresses away.")] = False,
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Who wants to follow you asks first, or not.")
    ] = None,
    activity: Annotated[
        bool | None,
        typer.Option("--show-activity/--hide-activity", help="Whether others see when you were here."),
    ] = None,
    posts: Annotated[
        str | None,
        typer.Option(
            help="Who sees what you post without a word on that, from any device: public, followers, unlisted, private."
        ),
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="A picture: JPEG, PNG, WebP or GIF.")] = None,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Take the picture away.")] = False,
    as_json: Json = False,
) -> None:
    """Show a profile; with options, change your own.

    Examples:  sidechain profile   ·   sidechain profile ana   ·   sidechain profile --name "Ana K." --link https://ana.example
    """
    links = () if no_links else tuple(link) if link else None
    edit = c.EditProfile(
        display_name=name,
        bio=about,
        daw=daw,
        links=links,
        is_private=private,
        shows_activity=activity,
        post_visibility=None if posts is None else shown_to(posts),
    )
    edits = edit != c.EditProfile()
    if username and (edits or picture or no_picture):
        raise UsageError("Only your own profile can be changed.", "Leave the name out.")
    found = None
    if picture is not None or no_picture:
        path = "" if picture is None else str(picture.absolute())
        found = ask(c.SetPicture(path=path), c.ProfileIs)
    if edits:
        found = ask(edit, c.ProfileIs)
    person = (found or ask(c.GetProfile(username=username), c.ProfileIs)).person
    show(person, as_json, lambda: _text(person))


def _text(person: c.ProfileInfo) -> str:
    facts = [
        f"{person.post_count} posts",
        f"{person.follower_count} followers",
        f"{person.following_count} following",
    ]
    lines = [f"{person.display_name} (@{person.username}){', private' if person.is_private else ''}"]
    lines += [person.bio] if person.bio else []
    lines += [f"DAW: {person.daw}"] if person.daw else []
    lines += [*person.links, ", ".join(facts), person.url]
    if person.post_visibility not in (None, "public"):
        lines.append(f"What you post is {person.post_visibility}, unless you say otherwise.")
    if person.request_count:
        lines.append(f"{person.request_count} ask to follow you: `sidechain follow-requests`.")
    return "\n".join(lines)


def people(
    which: Annotated[str, typer.Argument(help="followers, following, requests, blocked or muted.")],
    username: Annotated[
        str, typer.Argument(help="Whose followers, or whom they follow; none: your own.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 100,
    as_json: Json = False,
) -> None:
    """List people, the newest first.

    Examples:  sidechain people followers   ·   sidechain people following ana   ·   sidechain people muted --json
    """
    found = ask(c.ListPeople(which=_which(which), username=username, limit=limit), c.PeopleAre)
    show(found, as_json, lambda: _table(found.people) or "Nobody.")


def _which(given: str) -> c.PeopleList:
    """Raises UsageError."""
    names = get_args(c.PeopleList)
    if given not in names:
        raise UsageError(f"There is no list “{given}”.", f"Say one of: {', '.join(names)}.")
    return cast(c.PeopleList, given)


def _table(found: list[c.ProfileInfo]) -> str:
    return table(
        ["who", "name", "page"],
        [[each.username, each.display_name, each.url] for each in found],
        spare=("page",),
    )


@requests.callback(invoke_without_command=True)
def _list(ctx: typer.Context, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        people("requests", as_json=as_json)


@requests.command()
def accept(username: Username, as_json: Json = False) -> None:
    """Let somebody follow you who asked."""
    _do(username, "accept", "{name} follows you.", as_json)


@requests.command()
def decline(username: Username, as_json: Json = False) -> None:
    """Do not let somebody follow you. They are not told."""
    _do(username, "decline", "{name} does not follow you.", as_json)


def block(username: Username, as_json: Json = False) -> None:
    """Block somebody: neither of you follows, sees or hears of the other any more."""
    _do(username, "block", "You block {name}.", as_json)


def unblock(username: Username, as_json: Json = False) -> None:
    """Block somebody no longer."""
    _do(username, "unblock", "You no longer block {name}.", as_json)


def mute(username: Username, as_json: Json = False) -> None:
    """See and hear nothing of somebody any more; they do not learn of it."""
    _do(username, "mute", "You mute {name}.", as_json)


def unmute(username: Username, as_json: Json = False) -> None:
    """See somebody again."""
    _do(username, "unmute", "You no longer mute {name}.", as_json)


def remove_follower(username: Username, as_json: Json = False) -> None:
    """Somebody follows you no longer."""
    _do(username, "remove_follower", "{name} no longer follows you.", as_json)


def report(
    target: Annotated[
        str,
        typer.Argument(
            help="A post's id or its start, its address, or @name.",
            autocompletion=completing.posts_and_people,
        ),
    ],
    reason: Annotated[
        str, typer.Option(help="spam, harassment, hate, sexual, violence, copyright, illegal or other.")
    ],
    text: Annotated[str, typer.Option(help="In your words.")] = "",
    as_json: Json = False,
) -> None:
    """Tell the relay's moderators of a post or an account. Whoever it is of does not learn who did.

    Example:  sidechain report 0192f3c4 --reason copyright --text "From my record of 2019"
    """
    done = ask(c.ReportThis(target=target, reason=reason, text=text), c.Done)
    show(done, as_json, lambda: "The moderators have it.")


def _do(username: str, change: c.PersonChange, words: str, as_json: bool) -> None:
    name = username.removeprefix("@")
    done = ask(c.ChangePerson(username=name, change=change), c.Done)
    show(done, as_json, lambda: words.format(name=name))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (profile, people, block, unblock, mute, unmute, report):
        app.command()(command)
    app.command("remove-follower")(remove_follower)
    app.add_typer(requests, name="follow-requests")
