"""What one account has sent once counts as sent by another, so that it is not made again."""

from relay.engine.database import Tx
from relay.features.studio import creation_keys, local_ids


def hand_over(tx: Tx, from_id: str, to_id: str) -> None:
    """[writer]"""
    local_ids.hand_over(tx, from_id, to_id)
    creation_keys.hand_over(tx, from_id, to_id)
