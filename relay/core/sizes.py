"""Sizes as people read them."""


def in_words(size_bytes: int) -> str:
    """50 MiB, 512 KiB, 17 bytes: as short as is still true. [any]"""
    for unit, step in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size_bytes >= step and size_bytes % step == 0:
            return f"{size_bytes // step} {unit}"
    return f"{size_bytes} bytes"
