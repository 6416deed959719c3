"""Commands about other people: feed, follow, unfollow, like, react."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.output import Json, ask, number, show, table
from relay.wire.rest import REACTIONS

REACTION_NAMES = dict(zip(("music", "heart", "fire", "love", "rocket", "hundred"), REACTIONS, strict=True))

Username = Annotated[str, typer.Argument(help="Account name, with or without an @ before it.")]


def feed(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20, as_json: Json = False
) -> None:
    """Show the feed of those you follow; from the cache when the relay cannot be reached."""
    page = ask(c.GetFeed(limit=limit), c.Feed)

    def text() -> str:
        rows = [
            [
                i.post_id,
                i.created_at[:16].replace("T", " "),
                i.author,
                i.title or "untitled",
                number(i.bpm),
                i.url,
            ]
            for i in page.items
        ]
        head = "The relay cannot be reached; this is what came in before.\n" if page.offline else ""
        return head + (
            table(["post", "when", "who", "title", "BPM", "page"], rows)
            or "Nothing yet. `sidechain follow NAME` changes that."
        )

    show(page, as_json, text)


def follow(username: Username, as_json: Json = False) -> None:
    """Follow somebody: their posts arrive here within a second.

    Example:  sidechain follow ana
    """
    username = username.removeprefix("@")
    done = ask(c.FollowUser(username=username), c.Done)
    show(done, as_json, lambda: f"You follow {username}.")


def unfollow(username: Username, as_json: Json = False) -> None:
    """Stop following somebody.

    Example:  sidechain unfollow ana
    """
    username = username.removeprefix("@")
    done = ask(c.FollowUser(username=username, follow=False), c.Done)
    show(done, as_json, lambda: f"You no longer follow {username}.")


def like(
    post_id: Annotated[str, typer.Argument(help="A post's id or its start, or its address.")],
    as_json: Json = False,
) -> None:
    """Like a post."""
    done = ask(c.LikePost(post_id=post_id), c.Done)
    show(done, as_json, lambda: "Liked.")


def react(
    post_id: Annotated[str, typer.Argument(help="A post's id or its start, or its address.")],
    emoji: Annotated[
        str,
        typer.Argument(
            help="One of 🎵 ❤️ 🔥 😍 🚀 💯, or its name: music, heart, fire, love, rocket, hundred."
        ),
    ],
    remove: Annotated[bool, typer.Option("--remove", help="Take the reaction back.")] = False,
    as_json: Json = False,
) -> None:
    """React to a post with an emoji; up to three different ones.

    Example: sidechain react 0190f3… fire
    """
    emoji = REACTION_NAMES.get(emoji, emoji)
    done = ask(c.ReactPost(post_id=post_id, emoji=emoji, react=not remove), c.Done)
    show(done, as_json, lambda: f"Taken back: {emoji}" if remove else f"Reacted: {emoji}")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (feed, follow, unfollow, like, react):
        app.command()(command)
