"""Which acts are told of together, and in which words. Decides only; store.py stores."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

GROUP_SPAN_US = 7 * 24 * 3600 * 1_000_000
"""What lies further apart is told of apart."""
NAMES_SHOWN = 3
MAX_TITLE_SHOWN = 60


class Kind(StrEnum):
    """What a notification is of, as somebody chooses to be told of it or not."""

    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    FOLLOW_ACCEPTED = "follow_accepted"
    REACTION = "reaction"
    REPOST = "repost"
    COMMENT = "comment"
    REPLY = "reply"
    MENTION = "mention"
    REMIX = "remix"


OF_ACT = {
    "follow": Kind.FOLLOW,
    "follow_request": Kind.FOLLOW_REQUEST,
    "follow_accepted": Kind.FOLLOW_ACCEPTED,
    "like": Kind.REACTION,
    "reaction": Kind.REACTION,
    "repost": Kind.REPOST,
    "comment": Kind.COMMENT,
    "comment_reply": Kind.REPLY,
    "comment_mention": Kind.MENTION,
    "remix": Kind.REMIX,
}
"""The kinds of acts that are told once (live), and what a notification of each is of. No other act makes one."""
ALONE = frozenset({Kind.REPLY, Kind.MENTION})
"""Said to one person: each is told of by itself."""


class Act(Struct, frozen=True, kw_only=True):
    """One act that stands, as its rows are now. post_id, comment_id: "" for none. post_title: of what is on post_id.

    made_id, made_title: of what was made from that.
    """

    id: str
    kind: Kind
    is_like: bool = False
    actor: str
    at_us: int
    seen: bool
    read: bool
    post_id: str = ""
    post_title: str = ""
    comment_id: str = ""
    text: str = ""
    made_id: str = ""
    made_title: str = ""


def grouped(acts: Sequence[Act]) -> list[list[Act]]:
    """Acts, the newest first, as they are told of: of one kind, on one post, read or not read, and not too far apart. [any]"""
    groups: list[list[Act]] = []
    open_groups: dict[tuple[str, ...], list[Act]] = {}
    for act in acts:
        key = (act.kind, act.post_id, act.id if act.kind in ALONE else "", str(act.read))
        group = open_groups.get(key)
        if group is None or group[0].at_us - act.at_us > GROUP_SPAN_US:
            group = open_groups[key] = []
            groups.append(group)
        group.append(act)
    return groups


def people(group: Sequence[Act]) -> list[str]:
    """Who did it, each once, the newest first. [any]"""
    return list(dict.fromkeys(act.actor for act in group))


def sentence(group: Sequence[Act]) -> str:
    """What happened, in words: "anna, ben and 5 others reacted to “Kellerlicht”". [any]"""
    who = people(group)
    return f"{_names(who)} {_deed(group, len(who))}"


def _names(who: Sequence[str]) -> str:
    if len(who) == 1:
        return who[0]
    if len(who) <= NAMES_SHOWN:
        return f"{', '.join(who[:-1])} and {who[-1]}"
    others = len(who) - (NAMES_SHOWN - 1)
    return f"{', '.join(who[: NAMES_SHOWN - 1])} and {others} others"


def _deed(group: Sequence[Act], count: int) -> str:
    post = _quoted(group[0].post_title)
    match group[0].kind:
        case Kind.FOLLOW:
            return "follows you" if count == 1 else "follow you"
        case Kind.FOLLOW_REQUEST:
            return "asks to follow you" if count == 1 else "ask to follow you"
        case Kind.FOLLOW_ACCEPTED:
            return "lets you follow" if count == 1 else "let you follow"
        case Kind.REACTION:
            return f"{'liked' if all(act.is_like for act in group) else 'reacted to'} {post}"
        case Kind.REPOST:
            return f"reposted {post}"
        case Kind.COMMENT:
            return f"commented on {post}"
        case Kind.REPLY:
            return f"answered you on {post}"
        case Kind.MENTION:
            return f"mentioned you on {post}"
        case Kind.REMIX:
            return f"made {_quoted(group[0].made_title) if len(group) == 1 else 'something'} from {post}"


def _quoted(title: str) -> str:
    shown = title or "Untitled"
    return f"“{shown if len(shown) <= MAX_TITLE_SHOWN else f'{shown[: MAX_TITLE_SHOWN - 1]}…'}”"
