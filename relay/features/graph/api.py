"""What other features may ask of the graph of people."""

from relay.features.graph.store import NEW_FOLLOW, are_blocked, follows, tell_follows

__all__ = ["NEW_FOLLOW", "are_blocked", "follows", "tell_follows"]
