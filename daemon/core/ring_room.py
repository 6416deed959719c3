"""Whether the run folder has room for one more plugin's Ring. Values only."""

RING_ROOM_BYTES = 20 << 20  # a stereo Ring of DEFAULT_CAPACITY_FRAMES, its timeline, a preview's memory


def no_room(run: str, free_bytes: int) -> str:
    """The sentence when `free_bytes` in `run` are too few for another Ring; "" when they are enough. [any]"""
    if free_bytes >= RING_ROOM_BYTES:
        return ""
    return f"Only {free_bytes >> 20} MiB are free in the run folder {run}: no more plugins can record."
