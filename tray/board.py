"""What waits to be said on the screen, and when: grouped, never while somebody plays or records, never against their wish.

Pure: news in, sentences out. What a person has just asked for in the menu is answered at once and does not come here.
"""

from collections import Counter
from enum import Enum

from msgspec import Struct

from bridge.control import Status

MAX_WAITING = 100  # of a long session; the oldest are counted no more


class Kind(Enum):
    """What a sentence is about. value: several of it, in words."""

    ATTENTION = "problems"
    ACCOUNT = "changes of the account"
    TAKE = "takes to look at"
    RECOVERED = "recoveries after a crash"
    COMMENT = "comments"
    FOLLOWER = "new followers"
    REACTION = "first reactions"
    REMIX = "remixes of your posts"
    OTHER = "other notifications"


class News(Struct, frozen=True):
    """One thing that has happened, as a sentence of its own."""

    kind: Kind
    sentence: str


KIND_TOLD = {
    "comment": Kind.COMMENT,
    "reply": Kind.COMMENT,
    "mention": Kind.COMMENT,
    "follow": Kind.FOLLOWER,
    "follow_request": Kind.FOLLOWER,
    "reaction": Kind.REACTION,
    "remix": Kind.REMIX,
}
"""Kinds of the relay's notifications; any other is Kind.OTHER."""


class Board:
    """News that were not said yet, the oldest first."""

    def __init__(self) -> None:
        self._waiting: list[News] = []
        self._held = False  # while somebody played

    def add(self, news: News) -> None:
        """To be said when its time has come."""
        self._waiting = [*self._waiting, news][-MAX_WAITING:]

    def due(self, status: Status | None) -> str | None:
        """What is to be said now, all of it in one sentence; None: nothing, or not now."""
        if status is not None and status.do_not_disturb:
            self._waiting, self._held = [], False
            return None
        if not self._waiting:
            return None
        if status is not None and is_busy(status):
            self._held = True
            return None
        waiting, held = self._waiting, self._held
        self._waiting, self._held = [], False
        return said_together(waiting, "While you played: " if held else "")


def is_busy(status: Status) -> bool:
    """Whether a host plays or records."""
    return any(one.playing or one.recording for one in status.instances)


def said_together(news: list[News], beginning: str) -> str:
    """One as it is; several of one kind as their number and the last of them; of several kinds their numbers."""
    if len(news) == 1:
        return news[0].sentence
    counts = Counter(each.kind for each in news)
    words = [_counted(kind, count) for kind, count in counts.items()]
    if len(counts) == 1:
        return f"{beginning}{words[0]}; the last: {news[-1].sentence}"
    return f"{beginning}{', '.join(words[:-1])} and {words[-1]}. The tray's menu leads to them."


def _counted(kind: Kind, count: int) -> str:
    return f"{count} {kind.value}" if count > 1 else _ONE[kind]


_ONE = {
    Kind.ATTENTION: "a problem",
    Kind.ACCOUNT: "a change of the account",
    Kind.TAKE: "a take to look at",
    Kind.RECOVERED: "a recovery after a crash",
    Kind.COMMENT: "a comment",
    Kind.FOLLOWER: "a new follower",
    Kind.REACTION: "a first reaction",
    Kind.REMIX: "a remix of your post",
    Kind.OTHER: "another notification",
}
