"""`sidechain comments`, `sidechain comment`, `sidechain notifications`: what people say, and what they did."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.output import Json, ask, show
from daemon.errors import UsageError

Post = Annotated[
    str,
    typer.Argument(
        help="A post, by its title, its id or the start of it, or its address.",
        autocompletion=completing.posts,
    ),
]
Next = Annotated[str | None, typer.Option(help="What a page before said comes next.")]


def comments(
    post: Post,
    limit: Annotated[
        int, typer.Option(min=1, max=100, help="How many, with the first answers to each.")
    ] = 20,
    cursor: Next = None,
    as_json: Json = False,
) -> None:
    """Show what people say to a post, newest first.

    Examples:  sidechain comments 0192f3c4   ·   sidechain comments 0192f3c4 --limit 100 --json
    """
    page = ask(c.ListComments(post_id=post, limit=limit, cursor=cursor), c.CommentsAre)
    more = f"\nMore: --cursor {page.next}" if page.next else ""
    show(
        page,
        as_json,
        lambda: ("\n".join(map(_thread, page.comments)) or "Nobody has said anything yet.") + more,
    )


def comment(
    post: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A post, by its title, id or address; with --edit or --delete also a comment, by its id.",
            autocompletion=completing.posts,
        ),
    ],
    text: Annotated[str | None, typer.Argument(help="What to say. @name tells somebody of it.")] = None,
    at: Annotated[str | None, typer.Option(help="Where in the sound: 3.2 or 1:03.5.")] = None,
    answer: Annotated[
        str | None,
        typer.Option(help="What this answers: @name, the last that they said there, or a comment's id."),
    ] = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="Other words for the last that you said there.")
    ] = False,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="Delete the last that you said there, or a comment on a post of yours, by its id.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say something to a post, or change or delete what was said.

    Examples:  sidechain comment "night drive" "that bass" --at 3.2   ·
    sidechain comment "night drive" "yes" --answer @anna   ·   sidechain comment "night drive" --delete
    """
    if edit and delete:
        raise UsageError("That is two things at once.", "Say --edit or --delete.")
    if delete:
        done = ask(c.DeleteComment(comment_id=post), c.Done)
        show(done, as_json, lambda: "Deleted. Where it has answers, its place stays.")
        return
    if text is None or not text.strip():
        raise UsageError(
            "There is nothing to say.", 'Put the words behind the id: sidechain comment ID "words"'
        )
    if edit:
        one = ask(c.EditComment(comment_id=post, text=text), c.OneComment)
    else:
        at_ms = None if at is None else _ms(at)
        one = ask(c.WriteComment(post_id=post, text=text, at_ms=at_ms, answered=answer), c.OneComment)
    show(one, as_json, lambda: f"{'Changed' if edit else 'Said'}: {one.comment.comment_id}")


def notifications(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How much of what people did.")] = 50,
    cursor: Next = None,
    read: Annotated[bool, typer.Option("--read", help="Mark all as read, after they were shown.")] = False,
    as_json: Json = False,
) -> None:
    """Show what others did that concerns you, newest first; what is unread has a dot.

    Examples:  sidechain notifications   ·   sidechain notifications --read   ·   sidechain notifications --json
    """
    page = ask(c.ListNotifications(limit=limit, cursor=cursor), c.NotificationsAre)
    more = f"\nMore: --cursor {page.next}" if page.next else ""
    show(page, as_json, lambda: ("\n".join(map(_notification, page.notifications)) or "Nothing yet.") + more)
    if read:
        ask(c.ReadNotifications(), c.Done)


def preferences(
    on: Annotated[
        list[str] | None, typer.Option(help="A kind that you want to be told of; several: once each.")
    ] = None,
    off: Annotated[list[str] | None, typer.Option(help="A kind that you do not want to be told of.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="It is about this way alone: mail, push or webhook; several: once each."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show of which notifications you are told and by which ways, or choose.

    Kinds: follow, follow_request, follow_accepted, reaction, repost, comment, reply, mention, remix.

    Examples:  sidechain notification-settings   ·   sidechain notification-settings --off reaction --on mention
    sidechain notification-settings --on reply --on mention --by mail
    """
    told = dict.fromkeys(on or (), True) | dict.fromkeys(off or (), False)
    if both := set(on or ()) & set(off or ()):
        raise UsageError(f"“{sorted(both)[0]}” cannot be both on and off.", "Say one of them.")
    if by and not told:
        raise UsageError("--by says by which ways, and not of what.", "Say --on or --off, too.")
    found = ask(c.SetPreferences(told=told, by=by or []) if told else c.GetPreferences(), c.PreferencesAre)
    show(
        found,
        as_json,
        lambda: "\n".join(
            f"{kind}: {', '.join(['on', *found.by.get(kind, [])]) if is_on else 'off'}"
            for kind, is_on in found.told.items()
        ),
    )


def register(app: typer.Typer) -> None:
    """Add them to the command line."""
    for command in (comments, comment, notifications):
        app.command()(command)
    app.command("notification-settings")(preferences)


def _ms(written: str) -> int:
    """Of minutes and seconds. Raises UsageError."""
    minutes, colon, seconds = written.rpartition(":")
    try:
        ms = round((int(minutes) * 60 if colon else 0) * 1000 + float(seconds) * 1000)
    except (ValueError, OverflowError):
        ms = -1
    if not 0 <= ms < 1 << 32:
        raise UsageError(f"“{written}” is no place in a sound.", "Write it as 3.2 or 1:03.5.")
    return ms


def _clock(at_ms: int) -> str:
    return f"{at_ms // 60_000}:{at_ms % 60_000 / 1000:04.1f}"


def _thread(one: c.ThreadInfo) -> str:
    lines = [_line(one), *(f"    {_line(each)}" for each in one.replies)]
    if one.answers > len(one.replies):
        lines.append(f"    … {one.answers} answers in all")
    return "\n".join(lines)


def _line(one: c.CommentInfo) -> str:
    when = one.created_at[:16].replace("T", " ")
    if one.author is None:
        return f"{one.comment_id}  {when}  (deleted)"
    place = f" at {_clock(one.at_ms)}" if one.at_ms is not None else ""
    edited = " (edited)" if one.edited else ""
    words = one.text.replace("\n", " / ")
    return f"{one.comment_id}  {when}  {one.author}{place}{edited}: {words}"


def _notification(one: c.NotificationInfo) -> str:
    said = f": {one.text}" if one.text else ""
    words = f"{one.sentence}{said}".replace("\n", " / ")
    return f"{' ' if one.read else '●'} {one.at[:16].replace('T', ' ')}  {words}  {one.url}"
