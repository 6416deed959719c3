"""Who is like somebody: whose posts sound like theirs, or are liked by the same people."""

from collections import defaultdict

from relay.core.visibility import PUBLIC
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.creations.api import IN_FEEDS
from relay.features.recommending import company, lists, vectors
from relay.features.recommending.sounds import Sounds
from relay.wire.recommending import SimilarPerson

POSTS = 10
"""The newest of somebody, that others' are compared with."""
NEAREST = 300
COUNTED = 3
"""Posts of one of the others: as many as count, so that who has posted much is not like everybody."""
COMPANY_WEIGHT = 1.0
_NEWEST = f"""SELECT c.id FROM creation AS c WHERE c.owner_id = :owner AND {IN_FEEDS} AND {PUBLIC}
  ORDER BY c.published_us DESC, c.id DESC LIMIT {POSTS}"""


def similar_people(
    db: Connection, sounds: Sounds, noted: int, name: str, viewer: str, limit: int
) -> list[SimilarPerson]:
    """Neither they themselves nor the viewer. noted: see Sounds. Raises Refusal: not_found. [any thread with a snapshot]"""
    whose = accounts.find(db, name)
    own = [id_ for (id_,) in db.execute(_NEWEST, {"owner": whose.id, "viewer": viewer}).fetchall()]
    known = vectors.vectors_of(db, own)
    near = {
        each.creation_id: each.likeness for each in sounds.nearest(db, noted, list(known.values()), NEAREST)
    }
    together = company.shared(db, own, viewer)
    facts = lists.facts(db, [*{*near, *together}], viewer)
    sounding, liked = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for id_, fact in facts.items():
        if fact.owner_id in (whose.id, viewer):
            continue
        sounding[fact.owner_id].append(max(near.get(id_, 0.0), 0.0))
        if id_ in together:
            liked[fact.owner_id].append(together[id_].people)
    most = max((people for each in liked.values() for people in each), default=1)
    scores = dict[str, tuple[float, float]]()
    for owner, each in sounding.items():
        by_sound = sum(sorted(each, reverse=True)[:COUNTED]) / COUNTED
        by_people = COMPANY_WEIGHT * sum(sorted(liked[owner], reverse=True)[:COUNTED]) / COUNTED / most
        scores[owner] = by_sound, by_people
    best = sorted(scores, key=lambda owner: (-sum(scores[owner]), owner))[:limit]
    profiles = accounts.profiles(db, best)
    return [
        SimilarPerson(
            person=profiles[owner],
            why=f"Sounds like {whose.username}."
            if scores[owner][0] >= scores[owner][1]
            else f"People who like what {whose.username} makes like what they make.",
        )
        for owner in best
        if owner in profiles
    ]
