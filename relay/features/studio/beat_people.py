"""Somebody in a beat machine's interface: what of their patterns is counted, and how others see them."""

from relay.core.dashed_ids import dashed
from relay.engine.database import Connection
from relay.features.graph import api as graph
from relay.features.studio import store
from relay.features.studio.beat_views import KINDS
from relay.wire.playground import PublicStats, PublicUser
from relay.wire.rest import Producer


def count_patterns(db: Connection, owner_id: str, *, public: bool | None) -> int:
    """public None: all that there are. [any thread with a snapshot]"""
    return store.count(db, owner_id, KINDS, public=public)


def public_user(db: Connection, person: Producer, viewer: str | None) -> PublicUser:
    """[any thread with a snapshot]"""
    return PublicUser(
        id=dashed(person.id),
        display_name=person.display_name,
        avatar=person.avatar,
        bio=person.bio,
        stats=PublicStats(
            patterns_shared=count_patterns(db, person.id, public=True), followers=person.follower_count
        ),
        is_following=viewer is not None and graph.follows(db, viewer, person.id),
    )
