"""`sidechain save`, `saved`, `repost`, `who`, `remixes`: posts of others that are kept, shown on, and what others did with one."""

from typing import Annotated, Literal

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.output import Json, ask, show
from daemon.cli.tables import table
from daemon.errors import UsageError

Post = Annotated[
    str, typer.Argument(help="A post's id or its start, or its address.", autocompletion=completing.posts)
]

Limit = Annotated[int, typer.Option(min=1, max=100, help="How many.")]
Next = Annotated[str | None, typer.Option(help="What a page before said comes next.")]


def save(
    post: Post,
    remove: Annotated[bool, typer.Option("--remove", help="Keep it no longer.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a post where you find it again (`sidechain saved`); nobody else knows.

    Examples:  sidechain save 0192f3c4   ·   sidechain save 0192f3c4 --remove
    """
    done = ask(c.SavePost(post_id=post, save=not remove), c.Done)
    show(done, as_json, lambda: "Not kept any more." if remove else "Kept: `sidechain saved` lists it.")


def saved(
    limit: Limit = 20,
    cursor: Next = None,
    as_json: Json = False,
) -> None:
    """List the posts that you keep, the last one first.

    Examples:  sidechain saved   ·   sidechain saved --limit 100 --json
    """
    page = ask(c.ListSaved(limit=limit, cursor=cursor), c.Discovered)
    show(page, as_json, lambda: _table(page) or "Nothing is kept.")


def repost(
    post: Post,
    word: Annotated[str, typer.Option(help="What you say to it; at most 280 characters.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Show it no longer.")] = False,
    as_json: Json = False,
) -> None:
    """Show somebody's public post to those who follow you, with a word of yours.

    Examples:  sidechain repost 0192f3c4 --word "that bass"   ·   sidechain repost 0192f3c4 --remove
    """
    if remove and word:
        raise UsageError("There is no word to say to what is taken back.", "Leave --word out.")
    done = ask(c.Repost(post_id=post, text=word, show=not remove), c.Done)
    show(done, as_json, lambda: "Taken back." if remove else "Who follows you sees it now.")


def who(
    post: Post,
    did: Annotated[
        Literal["likes", "reactions", "reposts"], typer.Argument(help="likes, reactions or reposts.")
    ] = "likes",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 100,
    as_json: Json = False,
) -> None:
    """Show who likes a post, reacted to it, or shows it to others.

    Examples:  sidechain who 0192f3c4   ·   sidechain who 0192f3c4 reposts --json
    """
    found = ask(c.ListWho(post_id=post, did=did, limit=limit), c.WhoAre)
    rows = [
        [each.username, each.said.replace("\n", " / "), each.at[:16].replace("T", " ")]
        for each in found.people
    ]
    show(found, as_json, lambda: table(["who", "said", "when"], rows) or "Nobody.")


def remixes(post: Post, limit: Limit = 20, cursor: Next = None, as_json: Json = False) -> None:
    """List what was made from a post, the newest first: remixes, and forks of what was made in the studio.

    Examples:  sidechain remixes 0192f3c4   ·   sidechain remixes 0192f3c4 --limit 100 --json
    """
    page = ask(c.ListRemixes(post_id=post, limit=limit, cursor=cursor), c.Discovered)
    show(page, as_json, lambda: _table(page) or "Nothing was made from it yet, as far as you may see.")


def _table(page: c.Discovered) -> str:
    """And how one sees what comes next. "": there is nothing."""
    rows = [[each.post_id[:13], each.author, each.title or "untitled", each.url] for each in page.items]
    more = f"More: --cursor {page.cursor}" if page.cursor else ""
    found = table(["post", "who", "title", "page"], rows, spare=("page",)) if rows else ""
    return "\n".join(filter(None, (found, more)))


def register(app: typer.Typer) -> None:
    """Add them to the command line."""
    for command in (save, saved, repost, who, remixes):
        app.command()(command)
