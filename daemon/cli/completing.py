"""What a shell offers while a line is typed: names of takes, posts, people and plugins, from the running daemon.

At once or not at all: nobody is asked but the daemon, whose answer is waited for a moment; without one nothing is offered.
"""

import os
from collections.abc import Iterable
from typing import get_args

import bridge.control as c
from daemon.cli.output import R, ask
from daemon.errors import SidechainError

COMPLETE = "_SIDECHAIN_COMPLETE"
"""Set by a shell that completes a line (`sidechain --install-completion`)."""

LINES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")  # which of them holds the line depends on the shell
ANSWER_LIMIT_S = 0.2
MOST = 200  # of the newest
Offer = tuple[str, str]  # what would be typed, and what it is

_SCORES: dict[str, c.ScoreKind] = {f"{kind}s": kind for kind in get_args(c.ScoreKind)}


def words() -> list[str]:
    """Of the line that is being completed, after the program's name, as far as they are whole. [any]"""
    line = _line()
    typed = line.split()[1:]
    return typed if line[-1:].isspace() else typed[:-1]


def takes(incomplete: str) -> list[Offer]:
    return _offered(incomplete, _takes())


def posts(incomplete: str) -> list[Offer]:
    return _offered(incomplete, _posts())


def takes_and_posts(incomplete: str) -> list[Offer]:
    return _offered(incomplete, [*_takes(), *_posts()])


def people(incomplete: str) -> list[Offer]:
    """Whose posts are in the feed, and friends; with an @ before them where one was typed."""
    at = "@" if incomplete.startswith("@") else ""
    authors = (item.author for item in _items())
    friends = (friend for status in _answer(c.GetStatus(), c.Status) for friend in status.friends)
    return _offered(incomplete, ((at + name, "") for name in (*authors, *friends)))


def creations(incomplete: str) -> list[Offer]:
    """Of the kind that the line begins with."""
    kind = next((word.removesuffix("s") for word in words() if word in _SCORES), None)
    found = _answer(c.ListCreations(kind=_SCORES[f"{kind}s"], limit=MOST), c.CreationList) if kind else []
    every = [each for one in found for each in one.creations]
    return _offered(
        incomplete,
        [(each.name, each.kind) for each in every] + [(each.short_id, each.name) for each in every],
    )


def posts_and_people(incomplete: str) -> list[Offer]:
    return people(incomplete) if incomplete.startswith("@") else posts(incomplete)


def instances(incomplete: str) -> list[Offer]:
    """By their tracks, where they are named; else by their ids."""
    loaded = (one for found in _answer(c.ListInstances(), c.InstanceList) for one in found.instances)
    return _offered(incomplete, ((one.track_name or one.instance[:8], one.host_name) for one in loaded))


def _takes() -> Iterable[Offer]:
    for found in _answer(c.ListTakes(limit=MOST), c.TakeList):
        yield from ((one.name, "take") for one in found.takes)
        yield from ((one.short_id or one.take_id, one.name) for one in found.takes)


def _posts() -> Iterable[Offer]:
    items = _items()
    yield from ((one.title, one.author) for one in items)
    yield from ((one.post_id, one.title) for one in items)


def _items() -> list[c.ItemInfo]:
    return [item for feed in _answer(c.GetFeed(limit=MOST, stored=True), c.Feed) for item in feed.items]


def _answer(request: c.Request, answer: type[R]) -> list[R]:
    """One, or none."""
    try:
        return [ask(request, answer, timeout_s=ANSWER_LIMIT_S)]
    except (SidechainError, OSError):
        return []


def _offered(incomplete: str, offers: Iterable[Offer]) -> list[Offer]:
    """What begins as was typed, each once."""
    return list({word: says for word, says in offers if word and word.startswith(incomplete)}.items())


def _line() -> str:
    return next((os.environ[name] for name in LINES if name in os.environ), "")
