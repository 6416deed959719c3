"""Text as it is looked for: however it was written, whoever types it finds it."""

import unicodedata

MAX_FOLDED = 64


def folded(text: str, limit: int = MAX_FOLDED) -> str:
    """Without case, accents and outer space: "  Café " is cafe; never empty for a text that is not. [any]"""
    parts = text.strip()
    for _ in range(2):  # what is taken apart may have a case that it hid (Unicode 3.13, D146)
        parts = unicodedata.normalize("NFKD", parts.casefold())
    plain = "".join(each for each in parts if not unicodedata.combining(each))
    return unicodedata.normalize("NFKC", plain or text)[:limit]
