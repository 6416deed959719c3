"""Commands about other people: feed, search, follow, unfollow, like, react."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.output import Json, ask, number, show
from daemon.cli.tables import table
from daemon.errors import UsageError
from relay.wire.rest import REACTIONS

REACTION_NAMES = dict(zip(("music", "heart", "fire", "love", "rocket", "hundred"), REACTIONS, strict=True))

WAITS = "The relay cannot be reached now. This waits here, and is done when it can; `sidechain status` says how much waits."

Username = Annotated[
    str,
    typer.Argument(help="Account name, with or without an @ before it.", autocompletion=completing.people),
]


def feed(
    hot: Annotated[bool, typer.Option("--hot", help="Everybody's: what people care about.")] = False,
    latest: Annotated[bool, typer.Option("--latest", help="Everybody's, newest first.")] = False,
    trending: Annotated[
        bool, typer.Option("--trending", help="What people have begun to care about.")
    ] = False,
    for_you: Annotated[
        bool, typer.Option("--for-you", help="What you may like and do not know, and why.")
    ] = False,
    tag: Annotated[str | None, typer.Option(help="Posts with a tag.")] = None,
    user: Annotated[str | None, typer.Option(help="Posts of one person.")] = None,
    bpm: Annotated[str | None, typer.Option(help="Tempo: 92, or a range such as 90-110.")] = None,
    key: Annotated[str | None, typer.Option(help="Key: Am, F# minor, 8A.")] = None,
    mixes: Annotated[bool, typer.Option("--mixes", help="With --key: also keys that mix with it.")] = False,
    daw: Annotated[str | None, typer.Option(help="DAW, or how its name begins.")] = None,
    length: Annotated[str | None, typer.Option(help="Seconds: a range such as 4-16.")] = None,
    cursor: Annotated[str | None, typer.Option(help="What a page before said comes next.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the feed of those you follow, with what they show of others; or what everybody has posted.

    Examples:  sidechain feed   ·   sidechain feed --hot --bpm 90-110 --key Am --mixes   ·   sidechain feed --tag dub --json
    """
    wanted = c.Wanted(
        **_range(bpm, "bpm"), **_range(length, "seconds"), key=key, mixes=mixes, tag=tag, daw=daw
    )
    which = _which(hot=hot, latest=latest, trending=trending, for_you=for_you, user=user, wanted=wanted)
    if which is None:
        _timeline(limit, as_json)
        return
    asked = c.Discover(list=which, person=user, wanted=wanted, cursor=cursor, limit=limit)
    page = ask(asked, c.Discovered)
    nothing = "Nothing to recommend yet." if for_you else "No post is like that."
    show(page, as_json, lambda: _rows(page.items) or nothing)


def _which(
    *, hot: bool, latest: bool, trending: bool, for_you: bool, user: str | None, wanted: c.Wanted
) -> c.DiscoveredList | None:
    """None: the timeline. Raises UsageError."""
    named: list[c.DiscoveredList] = []
    if hot:
        named.append("hot")
    if latest:
        named.append("latest")
    if trending:
        named.append("trending")
    if for_you:
        named.append("for_you")
    if user is not None:
        named.append("person")
    is_filtered = wanted != c.Wanted()
    if len(named) > 1 or (is_filtered and (for_you or user is not None)):
        raise UsageError(
            "That is more than one list.",
            "Say one of --hot, --latest, --trending, --for-you or --user; the last two take no filter.",
        )
    if named or not is_filtered:
        return named[0] if named else None
    return "tag" if wanted.tag is not None else "hot"


def _range(text: str | None, name: str) -> dict[str, float]:
    """The fields NAME_min and NAME_max of 90-110, 90- or 92. Raises UsageError."""
    if text is None:
        return {}
    low, dash, high = text.replace("–", "-").partition("-")
    try:
        bounds = {f"{name}_min": low, f"{name}_max": high if dash else low}
        return {field: float(each) for field, each in bounds.items() if each.strip()}
    except ValueError:
        raise UsageError(f"{text!r} is no range.", "Write it as 90-110, 90- or 92.") from None


def _timeline(limit: int, as_json: bool) -> None:
    page = ask(c.GetFeed(limit=limit), c.Feed)
    head = "The relay cannot be reached; this is what came in before.\n" if page.offline else ""
    nothing = "Nothing yet. `sidechain follow NAME` changes that."
    show(page, as_json, lambda: head + (_rows(page.items) or nothing))


def _rows(items: list[c.ItemInfo]) -> str:
    has_why = any(i.why for i in items)
    rows = [
        [
            i.post_id,
            i.created_at[:16].replace("T", " "),
            i.author if i.reposted_by is None else f"{i.author} (by {i.reposted_by})",
            (i.title or "untitled") + (f" · “{i.repost_text}”" if i.repost_text else ""),
            number(i.bpm),
            i.key or "",
            *([i.why] if has_why else []),
            i.url,
        ]
        for i in items
    ]
    heads = ["post", "when", "who", "title", "BPM", "key", *(["why"] if has_why else []), "page"]
    return table(heads, rows, spare=("key", "BPM", "when", "page"))


def search(
    words: Annotated[
        list[str], typer.Argument(help="Words that all have to be there; 'dub*' is how one begins.")
    ],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of each kind.")] = 10,
    as_json: Json = False,
) -> None:
    """Look for posts, people, tags and comments by words.

    Examples:  sidechain search night bus   ·   sidechain search '"night bus"' --json
    """
    found = ask(c.SearchRelay(words=" ".join(words), limit=limit), c.FoundIs)

    def text() -> str:
        people = [[each.username, each.display_name, str(each.follower_count)] for each in found.people]
        parts = [_rows(found.posts), table(["who", "name", "followers"], people)]
        said = [[each.post_id[:13], each.author, each.text.replace("\n", " / ")] for each in found.comments]
        parts.append(table(["post", "who", "said"], said))
        if found.tags:
            parts.append("Tags: " + ", ".join(found.tags))
        return "\n\n".join(part for part in parts if part) or "Nothing has these words."

    show(found, as_json, text)


def follow(username: Username, as_json: Json = False) -> None:
    """Follow somebody: their posts arrive here within a second.

    Example:  sidechain follow ana
    """
    username = username.removeprefix("@")
    _do(c.FollowUser(username=username), f"You follow {username}.", as_json)


def unfollow(username: Username, as_json: Json = False) -> None:
    """Stop following somebody.

    Example:  sidechain unfollow ana
    """
    username = username.removeprefix("@")
    _do(c.FollowUser(username=username, follow=False), f"You no longer follow {username}.", as_json)


def like(
    post_id: Annotated[
        str, typer.Argument(help="A post's id or its start, or its address.", autocompletion=completing.posts)
    ],
    remove: Annotated[bool, typer.Option("--remove", help="Take the like back.")] = False,
    as_json: Json = False,
) -> None:
    """Like a post."""
    _do(c.LikePost(post_id=post_id, like=not remove), "Taken back." if remove else "Liked.", as_json)


def react(
    post_id: Annotated[
        str, typer.Argument(help="A post's id or its start, or its address.", autocompletion=completing.posts)
    ],
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
    said = f"Taken back: {emoji}" if remove else f"Reacted: {emoji}"
    _do(c.ReactPost(post_id=post_id, emoji=emoji, react=not remove), said, as_json)


def _do(request: c.FollowUser | c.LikePost | c.ReactPost, said: str, as_json: bool) -> None:
    done = ask(request, c.DeedDone)
    show(done, as_json, lambda: WAITS if done.waits else said)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (feed, search, follow, unfollow, like, react):
        app.command()(command)
