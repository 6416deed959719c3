"""What other features may ask of recommendations: that something sounds otherwise, or no longer. It imports none of them."""

from relay.engine.database import Tx
from relay.features.recommending import feedback
from relay.features.recommending.vectors import VectorChanged, put_vector, remove_vector

__all__ = ["VectorChanged", "forget", "put_vector", "remove_vector"]


def forget(tx: Tx, creation_id: str) -> None:
    """Of a creation that is deleted. [writer]"""
    remove_vector(tx, creation_id)
    feedback.forget(tx, creation_id)
