"""What is public in a frame on pages of others: a player that knows nobody, what tells a page how to show it (oEmbed), and the
page on which somebody has the lines for theirs.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Call, Page, Render
from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database
from relay.features.creations.media import EMBEDDED
from relay.features.creations.posts import PAGE_PATH, Detail, embeddable, one
from relay.features.creations.reading import no_post
from relay.features.creations.score_view import ScoreView, score_view
from relay.wire.rest import AudioPost

WIDTH, HEIGHT, LEAST_WIDTH = 640, 148, 240
"""Of the frame, in CSS pixels. HEIGHT is that of embed.css."""
THEMES = ("light", "dark")
OEMBED_PATH, WIDGET_PATH = "/oembed", "/widget.js"


class Asked(Struct, frozen=True, kw_only=True):
    """The query of oEmbed 1.0, 2.2. Larger or smaller boxes than ours are what they are."""

    url: str
    format: str = "json"
    maxwidth: int = WIDTH
    maxheight: int = HEIGHT


class Look(Struct, frozen=True, kw_only=True):
    """The query of a frame. theme: light or dark; else it is as its reader has it. (bpm is the page's script's.)"""

    theme: str = ""


class Rich(Struct, frozen=True, kw_only=True):
    """The answer of oEmbed 1.0, 2.3."""

    title: str
    author_name: str
    author_url: str
    provider_url: str
    html: str
    width: int
    height: int
    type: str = "rich"
    version: str = "1.0"
    provider_name: str = "Sidechain"
    cache_age: int = 3600


def rows(db: Database, *, base_url: str, render: Render) -> list[AnyRow]:
    async def embed(call: Call[Any, Look]) -> Answer[Any]:
        """The same to everybody, whoever is signed in. A post that is there no longer says so, in the frame."""
        post_id = call.path["post_id"]
        detail, score = await db.read(lambda reader: _shown(reader, post_id, base_url))
        page = render(
            "embed.html",
            None,
            status=200 if detail else 404,
            framed=True,
            detail=detail,
            score=score,
            theme=call.query.theme if call.query.theme in THEMES else "",
        )
        return replace(page, headers={**page.headers, **EMBEDDED})

    async def oembed(call: Call[Any, Asked]) -> Answer[Any]:
        asked = call.query
        if asked.format != "json":
            raise Refusal("validation", "oEmbed is spoken in JSON here.", "Ask for format=json.")
        post_id = _post_of(asked.url, base_url)
        post = (await db.read(lambda reader: embeddable(reader, post_id, base_url))).post
        width = max(LEAST_WIDTH, min(WIDTH, asked.maxwidth))
        rich = Rich(
            title=post.title or "Untitled",
            author_name=post.username,
            author_url=f"{base_url}/u/{post.username}",
            provider_url=base_url,
            html=frame_of(post.id, base_url, str(width)),
            width=width,
            height=HEIGHT,
        )
        return Answer(value=rich, headers={"access-control-allow-origin": "*"})

    async def code(call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone."""
        post_id, viewer = call.path["post_id"], call.actor.user_id

        def work(reader: Connection) -> tuple[Detail | None, ScoreView | None]:
            one(reader, post_id, viewer, base_url)
            return _shown(reader, post_id, base_url)

        detail, score = await db.read(work)
        if detail is None:
            raise Refusal("not_found", "Pages of others show only what everybody may see.")
        page = render(
            "embed_code.html",
            call.session,
            post=detail.post,
            has_tempo=score is not None,
            base_url=base_url,
            height=HEIGHT,
            frame=frame_of(post_id, base_url),
            widget=widget_of(post_id, base_url),
        )
        policy = f"{page.headers['content-security-policy']}; frame-src 'self'"
        return replace(page, headers={**page.headers, "content-security-policy": policy})

    return [
        Page("GET", "/embed/{post_id}", Action.POST_READ, embed, query=Look),
        Page("GET", "/p/{post_id}/embed", Action.POST_READ, code),
        Page("GET", OEMBED_PATH, Action.POST_READ, oembed, query=Asked, machine=True),
    ]


def _shown(db: Connection, post_id: str, base_url: str) -> tuple[Detail | None, ScoreView | None]:
    """What the frame shows, and how it is played if it was made in the studio; None: nothing that everybody may see."""
    try:
        detail = embeddable(db, post_id, base_url)
    except Refusal:
        return None, None
    return detail, score_view(db, post_id, detail.post.user_id)


def frame_of(post_id: str, base_url: str, width: str = "100%") -> str:
    """What somebody pastes into a page. post_id: of the database, so nothing in it needs quoting. [any]"""
    return (
        f'<iframe src="{base_url}/embed/{post_id}" width="{width}" height="{HEIGHT}" style="border:0" loading="lazy"'
        ' allow="autoplay" title="A loop on Sidechain"></iframe>'
    )


def widget_of(post_id: str, base_url: str) -> str:
    """Likewise, of a player that scripts of the page can ask. post_id: as of frame_of. [any]"""
    return f'<div data-sidechain="{post_id}"></div>\n<script src="{base_url}{WIDGET_PATH}" async></script>'


def discovery_of(post: AudioPost, base_url: str) -> str:
    """Where a page that has only the link of a post learns how to show it (oEmbed 1.0, 4). [any]"""
    return f"{base_url}{OEMBED_PATH}?{urlencode({'url': post.page_url})}"


def _post_of(url: str, base_url: str) -> str:
    """Raises Refusal: not_found."""
    if not url.startswith(f"{base_url}{PAGE_PATH}"):
        raise no_post()
    return urlsplit(url).path.removeprefix(PAGE_PATH).removesuffix("/")
