"""Which emoji one may react with, and how many counts a post shows. Decides only; store.py stores."""

from collections.abc import Collection, Mapping

from relay.core.refusal import Refusal
from relay.features.reactions.emoji import is_emoji
from relay.wire.rest import MAX_REACTIONS_EACH, PLAIN_LIKE, REACTIONS

MAX_KINDS = 60
"""Different emoji at one post. Fewer than the map on the wire may have, so that those of REACTIONS always find room."""


def allow(emoji: str, present: Collection[str], counts: Mapping[str, int]) -> None:
    """Whether somebody who reacted with `present` may add `emoji` to a post with `counts`. Raises Refusal: validation. [any]"""
    if emoji not in REACTIONS and not is_emoji(emoji):
        raise Refusal("validation", "This is not one emoji.", f"Such as {' '.join(REACTIONS)}.")
    if emoji in present:
        return
    if len(present) >= MAX_REACTIONS_EACH:
        raise Refusal(
            "validation",
            f"You have reacted with {MAX_REACTIONS_EACH} emoji already.",
            "Take one of them back first.",
        )
    if emoji not in counts and emoji not in REACTIONS and len(counts) >= MAX_KINDS:
        raise Refusal("validation", "So many different emoji stand here already.", "Choose one of those.")


def allow_type(kind: str) -> None:
    """Raises Refusal: validation. [any]"""
    if kind == "like":
        raise Refusal("validation", "A reaction is not a like.", "Like the post, or give another type.")


def counted(counts: Mapping[str, int], emoji: str, step: int) -> dict[str, int]:
    """The counts after one reaction more or less: those of REACTIONS first, in their order; zeros are left out. [any]"""
    after = {
        each: counts.get(each, 0) + (step if each == emoji else 0) for each in (*REACTIONS, *counts, emoji)
    }
    return {each: count for each, count in after.items() if count > 0}


def liked_with(counts: Mapping[str, int], before: str | None, after: str | None) -> dict[str, int]:
    """AudioPost.liked_with once somebody's like has the emoji `after` in place of `before`; None: no like. [any]"""
    for emoji, step in ((before, -1), (after, 1)):
        if emoji in REACTIONS and emoji != PLAIN_LIKE:
            counts = counted(counts, emoji, step)
    return dict(counts)
