"""`sidechain posts …`: what you have posted: list, edit, show to others, licence, download, pin, archive, replace, delete."""

from typing import Annotated, get_args

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.daemon_commands import shown_to
from daemon.cli.help import Group
from daemon.cli.outbox import undo
from daemon.cli.output import Json, ask, show
from daemon.cli.tables import table
from daemon.core.titles import why_not
from daemon.errors import UsageError

app = typer.Typer(
    cls=Group,
    help="Your posts: list, undo, edit, visibility, licence, downloads, pin, archive, replace, versions, again, delete.",
    no_args_is_help=False,
)

SEND_LIMIT_S = 900.0
PostId = Annotated[
    str, typer.Argument(help="A post's id or its start, or its address.", autocompletion=completing.posts)
]
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
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    archived: Annotated[bool, typer.Option("--archived", help="Those that you have archived.")] = False,
    as_json: Json = False,
) -> None:
    """List your posts, the newest first, as the relay has them now; also those of your other devices.

    Examples:  sidechain posts   ·   sidechain posts list --limit 100 --json   ·   sidechain posts list --archived
    """
    found = ask(c.ListPosts(limit=limit, archived=archived), c.PostList)
    nothing = "Nothing is archived." if archived else "You have posted nothing yet."
    show(found, as_json, lambda: _text(found.posts) or nothing)


@app.command()
def edit(
    post: PostId,
    title: Annotated[str | None, typer.Option(help="The new title; '' takes it away.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag; several: once each. They take the place of the old ones.")
    ] = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Take all tags away.")] = False,
    remix_of: Annotated[
        str | None, typer.Option(help="The post that it was made from; '' says that it was made from none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what a post is called, its tags, or what it was made from. Everybody sees that at once.

    Examples:  sidechain posts edit 0192f3c4 --title "Night bus"   ·   sidechain posts edit 0192f3c4 --tag house --tag dub
    """
    if title is None and not tag and not no_tags and remix_of is None:
        raise UsageError("Nothing was to be changed.", "Say --title, --tag, --no-tags or --remix-of.")
    if title and (why := why_not(title)):
        raise UsageError(why, "Give another title.")
    tags = () if no_tags else tuple(tag) if tag else None
    one = ask(c.EditPost(post_id=post, title=title, tags=tags, remix_of=remix_of), c.OnePost)
    show(
        one,
        as_json,
        lambda: (
            f"Now “{one.post.title or 'untitled'}”: {', '.join(one.post.tags) or 'no tags'}.{_made_from(one.post)}"
        ),
    )


def _made_from(post: c.PostInfo) -> str:
    """A sentence behind another, where it was made from something."""
    return f" It was made from {post.terms.remix_of}" if post.terms and post.terms.remix_of else ""


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
def licence(
    post: PostId,
    which: Annotated[str, typer.Argument(help="all-rights-reserved, cc-by, cc-by-nc or cc0.")],
    as_json: Json = False,
) -> None:
    """Say under which licence a post is there.

    Examples:  sidechain posts licence 0192f3c4 cc-by   ·   sidechain posts licence 0192f3c4 all-rights-reserved --json
    """
    found = [each for each in get_args(c.Licence) if each == which.lower()]
    if not found:
        raise UsageError(f"{which!r} is no licence of ours.", f"Say one of {', '.join(get_args(c.Licence))}.")
    _changed(c.EditPost(post_id=post, licence=found[0]), as_json, f"Now {found[0]}.")


@app.command()
def downloads(
    post: PostId,
    allow: Annotated[bool, typer.Option("--allow/--deny", help="Whether others get the lossless sound.")],
    as_json: Json = False,
) -> None:
    """Give the lossless sound to whoever sees the post, or no longer.

    Examples:  sidechain posts downloads 0192f3c4 --allow   ·   sidechain posts downloads 0192f3c4 --deny
    """
    said = "Whoever sees it can download it now." if allow else "Nobody but you can download it now."
    _changed(c.EditPost(post_id=post, downloads=allow), as_json, said)


@app.command()
def pin(
    post: PostId,
    off: Annotated[bool, typer.Option("--off", help="Take the pin off.")] = False,
    as_json: Json = False,
) -> None:
    """Let a post stand first on your page. At most three do.

    Examples:  sidechain posts pin 0192f3c4   ·   sidechain posts pin 0192f3c4 --off
    """
    _changed(c.EditPost(post_id=post, pinned=not off), as_json, "Not pinned now." if off else "Pinned.")


@app.command()
def archive(
    post: PostId,
    off: Annotated[bool, typer.Option("--off", help="Bring it back.")] = False,
    as_json: Json = False,
) -> None:
    """Take a post off every list without deleting it: only you have it then. `--off` brings it back as it was.

    Examples:  sidechain posts archive 0192f3c4   ·   sidechain posts archive 0192f3c4 --off
    """
    _changed(
        c.EditPost(post_id=post, archived=not off),
        as_json,
        "It is back." if off else "Archived: only you have it.",
    )


def _changed(edit: c.EditPost, as_json: bool, said: str) -> None:
    one = ask(edit, c.OnePost)
    show(one, as_json, lambda: f"{said} {one.post.url}")


@app.command()
def replace(
    post: PostId,
    take: Annotated[
        str,
        typer.Argument(
            help="The start of a take's id, or `last` for the newest.", autocompletion=completing.takes
        ),
    ],
    as_json: Json = False,
) -> None:
    """Give a post the sound of another take. Likes, comments, title and address stay; who has it hears the new one from then on.

    Examples:  sidechain posts replace 0192f3c4 last   ·   sidechain posts replace 0192f3c4 0193a1 --json
    """
    one = ask(c.ReplaceSound(post_id=post, take_id=take), c.OnePost, timeout_s=SEND_LIMIT_S)
    show(one, as_json, lambda: f"“{one.post.title or 'untitled'}” has its new sound. {one.post.url}")


@app.command()
def again(post: PostId, as_json: Json = False) -> None:
    """Have the relay make the MP3, the picture and the figures of a post anew, of its lossless sound.

    Example:  sidechain posts again 0192f3c4
    """
    one = ask(c.ProcessAgain(post_id=post), c.OnePost, timeout_s=SEND_LIMIT_S)
    show(one, as_json, lambda: f"Made anew. {one.post.url}")


@app.command()
def versions(
    post: PostId,
    forget: Annotated[
        int | None, typer.Option(min=1, help="A replaced one, by its number: its sound goes for good.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the sounds that a post has had. Only you have those that were replaced.

    Examples:  sidechain posts versions 0192f3c4   ·   sidechain posts versions 0192f3c4 --forget 1
    """
    request = c.ListVersions(post_id=post) if forget is None else c.ForgetVersion(post_id=post, n=forget)
    found = ask(request, c.VersionList)
    show(found, as_json, lambda: _versions(found.versions))


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


def _versions(found: list[c.VersionInfo]) -> str:
    rows = [
        [
            str(each.n),
            each.created_at[:16].replace("T", " "),
            f"{each.duration_ms / 1000:.1f} s",
            f"{each.size_bytes / 1e6:.1f} MB" if each.url else "forgotten",
            "what everybody hears" if each.current else "",
        ]
        for each in found
    ]
    return table(["version", "since", "length", "size", ""], rows)


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
    return table(
        ["post", "when", "title", "who", "likes", "tags", "page"],
        rows,
        spare=("tags", "likes", "when", "page"),
    )
