"""How many of something, as a person says it."""


def so_many(count: int, noun: str) -> str:
    """“1 take”, “2 takes”. [any]"""
    return f"{count} {noun}{'' if count == 1 else 's'}"
