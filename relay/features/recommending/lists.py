"""Which candidates the viewer may see, and as what they stand on a list."""

from collections.abc import Sequence
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from relay.core.visibility import PUBLIC, none
from relay.engine.database import Connection
from relay.features.creations import api as creations
from relay.features.creations.api import IN_FEEDS, Detail
from relay.features.graph.api import not_muted
from relay.features.recommending.choosing import Candidate, spread
from relay.features.recommending.feedback import IS_HIDDEN, IS_ON_PURPOSE
from relay.wire.rest import FeedPost

ASKED_AT_ONCE = 400
WANTED = (
    f"{IN_FEEDS} AND {PUBLIC} AND {not_muted('c.owner_id')} AND"
    f" {none(f'SELECT 1 FROM feedback AS h WHERE h.account_id = :viewer AND h.creation_id = c.id AND {IS_HIDDEN}')}"
)
"""What is recommended to :viewer at all, of `creation AS c`: what is for everybody, and was not hidden by them."""

_SIGN = "SELECT 1 FROM engagement AS e WHERE e.creation_id = c.id AND e.account_id = :viewer"
_SAID = (
    f"SELECT 1 FROM feedback AS h WHERE h.account_id = :viewer AND h.creation_id = c.id AND {IS_ON_PURPOSE}"
)
_NEW_TO = f"c.owner_id <> :viewer AND {none(_SIGN)} AND {none(_SAID)}"


class Fact(Struct, frozen=True, kw_only=True):
    """Of a post that may be recommended. people: who gave it a sign."""

    owner_id: str
    people: int


def facts(db: Connection, ids: Sequence[str], viewer: str, *, new_to: bool = False) -> dict[str, Fact]:
    """Of those that the viewer may be shown; new_to: and that are neither theirs nor known to them. [any thread with a snapshot]"""
    wanted = f"{WANTED} AND {_NEW_TO}" if new_to else WANTED
    found = dict[str, Fact]()
    for first in range(0, len(ids), ASKED_AT_ONCE):
        marks = {f"c{n}": each for n, each in enumerate(ids[first : first + ASKED_AT_ONCE])}
        names = ", ".join(f":{mark}" for mark in marks)
        rows = db.execute(
            f"SELECT c.id, c.owner_id, c.people FROM creation AS c WHERE c.id IN ({names}) AND {wanted}",
            {**marks, "viewer": viewer},
        )
        found |= {id_: Fact(owner_id=owner_id, people=people) for id_, owner_id, people in rows}
    return found


def details(db: Connection, chosen: Sequence[Candidate], viewer: str, base_url: str) -> list[Detail]:
    """In their order, with the reason of each; it was asked before who may see them. [any thread with a snapshot]"""
    rows = creations.by_ids(db, [each.id for each in chosen], viewer)
    found = list[Detail]()
    for each in chosen:
        detail = creations.detail(rows[each.id], base_url, each.reason)
        post = replace(cast(FeedPost, detail.post), why=each.why)
        found.append(replace(detail, post=post))
    return found


def best(
    db: Connection, candidates: Sequence[Candidate], viewer: str, limit: int, base_url: str
) -> list[Detail]:
    """Of the candidates the best that may be shown. [any thread with a snapshot]"""
    known = facts(db, [each.id for each in candidates], viewer)
    owners = {id_: each.owner_id for id_, each in known.items()}
    return details(db, spread(candidates, owners, limit), viewer, base_url)
