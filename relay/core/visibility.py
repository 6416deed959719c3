"""Who may see a creation: one rule, in Python and in SQL. Every read, page, search, fan-out and replay asks it.

The SQL says the same as `may_read` and `may_find`; a test holds all three against each other.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Visibility(StrEnum):
    """Who may see a creation, at most."""

    PRIVATE = "private"  # its owner
    UNLISTED = "unlisted"  # whoever has the address; on no list but the owner's
    FOLLOWERS = "followers"  # who follows the owner
    PUBLIC = "public"


class State(StrEnum):
    """How far a creation is; only a ready one is seen by others than its owner."""

    DRAFT = "draft"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    HIDDEN = "hidden"  # by a moderator
    ARCHIVED = "archived"  # by its owner, who has it apart from all lists
    DELETED = "deleted"  # a tombstone


class OwnerState(StrEnum):
    """How the account of its owner stands; what is its own may be shown to fewer for it, never to more."""

    OPEN = "open"
    PRIVATE = "private"  # what is public is for followers
    SUSPENDED = "suspended"  # by a moderator: nobody sees any of it


class Shown(Struct, frozen=True, kw_only=True):
    """What of a creation decides who sees it."""

    owner_id: str
    visibility: Visibility
    state: State
    owner_state: OwnerState = OwnerState.OPEN

    @property
    def shown_to(self) -> Visibility:
        """The visibility that holds, of an owner who is there."""
        to_all = self.visibility is Visibility.PUBLIC and self.owner_state is OwnerState.PRIVATE
        return Visibility.FOLLOWERS if to_all else self.visibility


class Viewer(Struct, frozen=True, kw_only=True):
    """Who looks. user_id None: nobody signed in. follows, blocked: towards the owner; blocked in either direction."""

    user_id: str | None = None
    follows: bool = False
    blocked: bool = False


class Audience(StrEnum):
    """Who is told that a creation is there."""

    EVERYBODY = "everybody"
    FOLLOWERS = "followers"
    OWNER = "owner"
    OTHERS = "others"  # who hears of the owner, but not the owner
    NOBODY = "nobody"


def may_read(shown: Shown, viewer: Viewer) -> bool:
    """Whether a viewer who has its address gets it. [any]"""
    if shown.state is State.DELETED or shown.owner_state is OwnerState.SUSPENDED:
        return False
    if viewer.user_id == shown.owner_id:
        return True
    if shown.state is not State.READY or viewer.blocked:
        return False
    match shown.shown_to:
        case Visibility.PUBLIC | Visibility.UNLISTED:
            return True
        case Visibility.FOLLOWERS:
            return viewer.follows
        case Visibility.PRIVATE:
            return False


def may_find(shown: Shown, viewer: Viewer) -> bool:
    """Whether it stands on a list that the viewer looks at. [any]"""
    unlisted = shown.visibility is Visibility.UNLISTED and viewer.user_id != shown.owner_id
    return not unlisted and shown.state is not State.ARCHIVED and may_read(shown, viewer)


def may_know_gone(shown: Shown, viewer: Viewer) -> bool:
    """Whether a viewer is told that it was deleted, and not that there never was such a thing. [any]"""
    return shown.state is State.DELETED and may_read(replace(shown, state=State.READY), viewer)


def audience(shown: Shown) -> Audience:
    """Whom an event about it goes to; who is blocked is left out besides. [any]"""
    if shown.state is not State.READY or shown.owner_state is OwnerState.SUSPENDED:
        return Audience.NOBODY
    match shown.shown_to:
        case Visibility.PUBLIC:
            return Audience.EVERYBODY
        case Visibility.FOLLOWERS:
            return Audience.FOLLOWERS
        case Visibility.UNLISTED | Visibility.PRIVATE:
            return Audience.OWNER


def none(select_one: str) -> str:
    """Whether `SELECT 1 …` finds no row, which is so for nearly all that is asked about. [any]

    Of `(SELECT …) IS NULL` PostgreSQL expects one row in two hundred, of two such conditions one in forty thousand: so that it
    would read and sort a whole list for its first page, where of `<> 1` it expects that nearly all fit, and ends the walk of an
    index after a page (DEFAULT_UNK_SEL and DEFAULT_EQ_SEL of its selfuncs.h).
    """
    return f"coalesce(({select_one}), 0) <> 1"


def not_blocked(other: str) -> str:
    """Whether neither :viewer blocks the other account nor that one the viewer; other: an expression. [any]"""
    by_viewer = f"SELECT 1 FROM block AS b WHERE b.blocker_id = :viewer AND b.blocked_id = {other}"
    by_other = f"SELECT 1 FROM block AS b WHERE b.blocker_id = {other} AND b.blocked_id = :viewer"
    return f"{none(by_viewer)} AND {none(by_other)}"


def not_suspended(other: str) -> str:
    """Whether no moderator has suspended the account; other: an expression. [any]"""
    return none(f"SELECT 1 FROM account AS s WHERE s.id = {other} AND s.suspended_us IS NOT NULL")


def present(other: str) -> str:
    """Whether an account, and what it does, is there for :viewer: not suspended, and no block between them. [any]"""
    return f"{not_blocked(other)} AND {not_suspended(other)}"


NOT_BLOCKED = not_blocked("c.owner_id")


_FOLLOWS = (
    "(SELECT 1 FROM follow AS f WHERE f.follower_id = :viewer AND f.followee_id = c.owner_id) IS NOT NULL"
)
_OPEN = "(c.visibility = 'public' AND c.owner_state = 'open')"


def _shown_to(open_to_all: str) -> str:
    return f"({open_to_all} OR (c.visibility IN ('public', 'followers') AND {_FOLLOWS})) AND {NOT_BLOCKED}"


def _condition(open_to_all: str) -> str:
    return (
        "c.state <> 'deleted' AND c.owner_state <> 'suspended'"
        f" AND (c.owner_id = :viewer OR (c.state = 'ready' AND {_shown_to(open_to_all)}))"
    )


_WITH_LINK = f"{_OPEN} OR c.visibility = 'unlisted'"
READABLE = _condition(_WITH_LINK)
"""`may_read` as a condition on `creation AS c`; :viewer is an account id, or '' for nobody."""
KNOWN_GONE = (
    "c.state = 'deleted' AND c.owner_state <> 'suspended'"
    f" AND (c.owner_id = :viewer OR ({_shown_to(_WITH_LINK)}))"
)
"""`may_know_gone`, likewise: a tombstone keeps the visibility that it had last."""
FINDABLE = f"c.state <> 'archived' AND {_condition(_OPEN)}"
"""`may_find`, likewise."""
FINDABLE_BY_FOLLOWERS = (
    "c.state = 'ready' AND c.visibility IN ('public', 'followers') AND c.owner_state <> 'suspended'"
)
"""`may_find` for whoever follows the owner: nobody follows whom they block, or who blocks them. It walks an index of its own."""
FINDABLE_BY_OWNER = "c.state NOT IN ('deleted', 'archived') AND c.owner_state <> 'suspended'"
"""`may_find` for the owner."""
SHARED = f"c.state = 'ready' AND c.owner_state <> 'suspended' AND {NOT_BLOCKED}"
"""Whether somebody who was given a link to it by its owner sees it: whatever its visibility is."""
PUBLIC = f"c.state = 'ready' AND c.visibility = 'public' AND c.owner_state = 'open' AND {NOT_BLOCKED}"
"""What of `FINDABLE` is for everybody: it walks the index of public creations."""
