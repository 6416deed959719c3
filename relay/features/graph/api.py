"""What other features may ask of the graph of people."""

from relay.features.graph.blocks import are_blocked, is_muted, not_muted
from relay.features.graph.lists import Relation, relation
from relay.features.graph.requests import accept_some, is_asked
from relay.features.graph.requests import count as request_count
from relay.features.graph.store import NEW_FOLLOW, erase_some, follows
from relay.features.graph.telling import TELLERS

__all__ = [
    "NEW_FOLLOW",
    "TELLERS",
    "Relation",
    "accept_some",
    "are_blocked",
    "erase_some",
    "follows",
    "is_asked",
    "is_muted",
    "not_muted",
    "relation",
    "request_count",
]
