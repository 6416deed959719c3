"""`sidechain posts …`: what you have posted: list, edit, show to others, delete."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.daemon_commands import shown_to
from daemon.cli.outbox import undo
from daemon.cli.output import Json, ask, show, table
from daemon.core.titles import why_not
from daemon.errors import UsageError

app = typer.Typer(help="Your posts: list, undo, edit, visibility, delete.", no_args_is_help=False)

PostId = Annotated[str, typer.Argument(help="A post's id or its start, or its address.")]
WHO = {
    "public": "everybody sees it",
    "followers": "only who follows you sees it",
    "unlisted": "whoever has its address sees it; it stands on no list",
    "private": "only you see it",
}


@app.callback(invoke_without_command=True)
def _list(ctx: typer.Context, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        list_posts(as_json=as_json)


@app.command("list")
def list_posts(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20, as_json: Json = False
) -> None:
    """List your posts, the newest first, as the relay has them now; also those of your other devices.

    Examples:  sidechain posts   ·   sidechain posts list --limit 100 --json
    """
    found = ask(c.ListPosts(limit=limit), c.PostList)
    show(found, as_json, lambda: _text(found.posts) or "You have posted nothing yet.")


@app.command()
def edit(
    post: PostId,
    title: Annotated[str | None, typer.Option(help="The new title; '' takes it away.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag; several: once each. They take the place of the old ones.")
    ] = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Take all tags away.")] = False,
    as_json: Json = False,
) -> None:
    """Change what a post is called, or its tags. Everybody sees that at once.

    Examples:  sidechain posts edit 0192f3c4 --title "Night bus"   ·   sidechain posts edit 0192f3c4 --tag house --tag dub
    """
    if title is None and not tag and not no_tags:
        raise UsageError("Nothing was to be changed.", "Say --title, --tag or --no-tags.")
    if title and (why := why_not(title)):
        raise UsageError(why, "Give another title.")
    tags = () if no_tags else tuple(tag) if tag else None
    one = ask(c.EditPost(post_id=post, title=title, tags=tags), c.OnePost)
    show(
        one,
        as_json,
        lambda: f"Now “{one.post.title or 'untitled'}”: {', '.join(one.post.tags) or 'no tags'}.",
    )


@app.command()
def visibility(
    post: PostId,
    who: Annotated[str, typer.Argument(help="public, followers, unlisted (a secret link) or private.")],
    as_json: Json = False,
) -> None:
    """Say who sees a post. Whoever no longer may forgets it at once, and its sound cannot be fetched any more.

    Examples:  sidechain posts visibility 0192f3c4 private   ·   sidechain posts visibility 0192f3c4 followers --json
    """
    one = ask(c.EditPost(post_id=post, visibility=shown_to(who)), c.OnePost)
    show(one, as_json, lambda: f"Now {who}: {WHO[who]}. {one.post.url}")


@app.command()
def delete(
    post: PostId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a post for good: its sound, its likes and its place in everybody's feed. The take stays here.

    Examples:  sidechain posts delete 0192f3c4   ·   sidechain posts delete 0192f3c4 --yes --json
    """
    if not yes:
        typer.confirm(f"Delete the post {post} for good? The take itself stays", abort=True, err=True)
    done = ask(c.DeletePost(post_id=post), c.Done)
    show(done, as_json, lambda: "Deleted. The take is still in the library.")


app.command()(undo)


def _text(posts: list[c.PostInfo]) -> str:
    rows = [
        [
            each.post_id[:13],
            each.created_at[:16].replace("T", " "),
            each.title or "untitled",
            each.visibility,
            str(each.like_count),
            ", ".join(each.tags),
            each.url,
        ]
        for each in posts
    ]
    return table(["post", "when", "title", "who", "likes", "tags", "page"], rows)
