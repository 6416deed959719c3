"""Rendering of pages: templates, their filters, and where their static files are."""

import math
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

import jinja2
from markupsafe import Markup, escape

from relay.app.site.static_files import StaticFile, static_files
from relay.core.calls import Session
from relay.core.times import parse_rfc3339_us
from relay.engine.clock import now_us
from relay.features.creations.drawing import lines_path, path_of_outline
from relay.features.creations.figures import Card
from relay.wire.comments import MAX_COMMENT, Comment
from relay.wire.rest import REACTIONS, AudioPost

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FRAMED_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors *"
)
"""Of what pages of others show: nothing that a person could be tricked into doing is on it."""
FACES = 8
DRAWN = {"🎵": "note", "❤️": "heart", "🔥": "fire", "😍": "love", "🚀": "rocket", "💯": "hundred"}
"""What icons.html draws, by emoji."""
MENU = (
    ("/saved", "Saved"),
    ("/archive", "Archive"),
    ("/numbers", "Your numbers"),
    ("/settings/profile", "Settings"),
    ("/devices", "Devices"),
)
"""Of who is signed in, behind their own page."""
SEAMLESS, SLIGHT_SEAM = 0.9, 0.5
_SPANS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"))


_CODED = re.compile("`([^`]+)`")


class Views:
    """Everything is read once, at start. [any]"""

    def __init__(self) -> None:
        home = resources.files("relay.app.site")
        self.named = files = static_files(home / "static")
        self.static = {file.name: file for file in files.values()}
        templates = dict(_templates(home / "templates"))
        for feature in resources.files("relay.features").iterdir():
            if (feature / "pages").is_dir():
                templates.update(_templates(feature / "pages"))
        self._jinja = jinja2.Environment(
            loader=jinja2.DictLoader(templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(_globals(files))
        self._jinja.filters.update(
            ago=lambda at: ago(at, now_us()),
            bars=_bars,
            coded=coded,
            counts=counts,
            decibel=decibel,
            drawn=drawn,
            grid=_grid,
            hue=hue,
            key_by=lambda post: by_whom(post.key_source, post.key_confidence) if post.key else "",
            licence=licence,
            minutes=minutes,
            more_reactions=lambda named, found: [*named, *(each for each in found if each not in named)],
            name=name_of,
            said=said,
            seam=seam,
            shown_to=shown_to,
            without_scheme=lambda url: url.partition("://")[2].removesuffix("/"),
            path=lambda url: "/" + url.split("/", 3)[3],
            tempo=tempo,
            tempo_by=lambda post: by_whom(post.bpm_source, post.bpm_confidence),
        )

    def render(self, template: str, **values: object) -> bytes:
        return self._jinja.get_template(template).render(values).encode()


def _globals(files: Mapping[str, StaticFile]) -> dict[str, object]:
    """What every template may use. has_asset: what is built may not be."""
    return {
        "all_reactions": REACTIONS,
        "menu": menu,
        "max_comment": MAX_COMMENT,
        "asset": lambda name: f"/static/{files[name].name}",
        "has_asset": files.__contains__,
    }


def menu(session: Session) -> list[tuple[str, str]]:
    """Path and words of each line of somebody's menu. [any]"""
    moderators = [("/moderation", "Moderation")] if session.moderates else []
    return [(f"/u/{session.username}", "Your page"), *MENU, *moderators]


def _templates(folder: Traversable) -> Iterator[tuple[str, str]]:
    for each in folder.iterdir():
        yield each.name, each.read_text(encoding="utf-8")


def _bars(card: Card | AudioPost) -> str:
    return path_of_outline(card.outline)


def _grid(card: Card) -> str:
    return lines_path(card.bar_fractions)


def name_of(post: AudioPost) -> str:
    return post.title or "Untitled"


def said(comment: Comment) -> Markup:
    """Its text, with a link for each person that it names. [any]"""
    text = str(escape(comment.text))
    if not comment.mentions:
        return Markup(text)
    names = "|".join(map(re.escape, sorted(comment.mentions, key=len, reverse=True)))
    link = re.compile(rf"@({names})(?![\w-])", re.IGNORECASE)
    return Markup(link.sub(lambda found: f'<a href="/u/{found[1].lower()}">@{found[1]}</a>', text))


def coded(text: str) -> Markup:
    """What stands between backticks is shown as it is typed."""
    return Markup(_CODED.sub(r"<code>\1</code>", str(escape(text))))


def counts(of_emoji: Mapping[str, int]) -> str:
    """🔥 2 🚀 1"""
    return " ".join(f"{emoji} {count}" for emoji, count in of_emoji.items())


def drawn(emoji: str) -> Markup:
    """As a picture of our own where icons.html has one: what a system's font has differs, and may be nothing."""
    if emoji not in DRAWN:
        return escape(emoji)
    return Markup(
        '<svg class="emoji" viewBox="0 0 24 24" role="img" aria-label="{}"><use href="#i-{}"/></svg>'
    ).format(emoji, DRAWN[emoji])


def minutes(duration_ms: int) -> str:
    """3:07. A loop of 15.9 s says 0:15, as the running clock will."""
    return f"{duration_ms // 60_000}:{duration_ms // 1000 % 60:02}"


def decibel(value: float) -> str:
    """−14.0, with a true minus and never −0.0."""
    rounded = round(value, 1) + 0.0
    return f"{rounded:.1f}".replace("-", "\u2212")


def tempo(value: float) -> str:
    """128, 92.5, 120.25: no digits that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "?"


def by_whom(source: str | None, confidence: float | None) -> str:
    """Whose word a tempo or key is, and how sure; "" for what was given, or by nobody we know."""
    if source == "transport":
        return "from the DAW"
    if source not in ("length", "audio"):
        return ""
    how = "from its length" if source == "length" else "by ear"
    return how if confidence is None else f"{how}, {confidence:.0%} sure"


def shown_to(visibility: str) -> str:
    """Who sees a post, to its owner; what a later version wrote, by its name."""
    words = {
        "public": "Everybody sees this.",
        "followers": "Only your followers see this.",
        "unlisted": "Only who has the link sees this.",
        "private": "Only you see this.",
    }
    return words.get(visibility, visibility)


def licence(name: str) -> str:
    """A licence in words; what a later version wrote, by its name."""
    words = {
        "all-rights-reserved": "All rights reserved",
        "cc-by": "CC BY 4.0",
        "cc-by-nc": "CC BY-NC 4.0",
        "cc0": "CC0",
    }
    return words.get(name, name)


def seam(score: float) -> str:
    """What a listener hears at the loop's seam."""
    if score >= SEAMLESS:
        return "clean"
    return "slight" if score >= SLIGHT_SEAM else "audible"


def hue(name: str) -> int:
    """Which of the FACES colours somebody has."""
    return sum(map(ord, name)) % FACES


def ago(at: str, now: int) -> str:
    """ "5 minutes ago" of an RFC 3339 time."""
    seconds = max(0, (now - parse_rfc3339_us(at)) // 1_000_000)
    for span, word in _SPANS:
        if seconds >= span:
            count = seconds // span
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    return "just now"
