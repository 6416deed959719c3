"""Which emoji one may react with, and how many counts a post shows. Decides only; store.py stores."""

from collections.abc import Collection, Mapping

from relay.core.refusal import Refusal
from relay.wire.rest import MAX_REACTIONS_EACH, PLAIN_LIKE, REACTIONS


def allow(emoji: str, present: Collection[str]) -> None:
    """Whether somebody who reacted with `present` may add `emoji`. Raises Refusal: validation. [any]"""
    if emoji not in REACTIONS:
        raise Refusal(
            "validation", "This emoji is not among the reactions.", f"Choose of {' '.join(REACTIONS)}."
        )
    if emoji not in present and len(present) >= MAX_REACTIONS_EACH:
        raise Refusal(
            "validation",
            f"You have reacted with {MAX_REACTIONS_EACH} emoji already.",
            "Take one of them back first.",
        )


def counted(counts: Mapping[str, int], emoji: str, step: int) -> dict[str, int]:
    """The counts after one reaction more or less, in the order of REACTIONS; zeros are left out. [any]"""
    after = {each: counts.get(each, 0) + (step if each == emoji else 0) for each in REACTIONS}
    return {each: count for each, count in after.items() if count > 0}


def liked_with(counts: Mapping[str, int], before: str | None, after: str | None) -> dict[str, int]:
    """AudioPost.liked_with once somebody's like has the emoji `after` in place of `before`; None: no like. [any]"""
    for emoji, step in ((before, -1), (after, 1)):
        if emoji not in (None, PLAIN_LIKE):
            counts = counted(counts, str(emoji), step)
    return dict(counts)
