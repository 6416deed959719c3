"""How well a document answers a query. Values only."""

from collections.abc import Sequence

from relay.core.words import TextQuery, is_found

EXACT, BEGINS, IN_HEAD, SOMEWHERE = 3, 2, 1, 0


def score(query: TextQuery, head: Sequence[str]) -> int:
    """head: the words of its name or title. [any]"""
    asked = [word for term in query.terms for word in term.words]
    if list(head) == asked:
        return EXACT
    if list(head[: len(asked)]) == asked:
        return BEGINS
    return IN_HEAD if is_found(query, [head]) else SOMEWHERE
