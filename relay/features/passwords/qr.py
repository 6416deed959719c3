"""A QR code as a page draws it: one path of dark modules on a white ground, with the quiet zone that readers need. Values only."""

from msgspec import Struct

QUIET_MODULES = 4
"""On every side (ISO/IEC 18004, 9.1)."""


class QrCode(Struct, frozen=True, kw_only=True):
    """side: in modules, the quiet zone among them. path: of the dark ones, as an SVG's d."""

    side: int
    path: str


def qr_code(text: str) -> QrCode:
    """One that can lose 15 % of itself and be read. [any]"""
    import segno  # where somebody sets up a second factor, and nowhere else

    rows = segno.make(text, error="m", micro=False, boost_error=False).matrix
    runs = [
        f"M{QUIET_MODULES + first} {QUIET_MODULES + y}h{last - first}v1H{QUIET_MODULES + first}z"
        for y, row in enumerate(rows)
        for first, last in _dark_runs(row)
    ]
    return QrCode(side=len(rows) + 2 * QUIET_MODULES, path="".join(runs))


def _dark_runs(row: bytearray) -> list[tuple[int, int]]:
    """Where each run of dark modules begins and ends."""
    padded = [0, *row, 0]
    edges = [x for x in range(len(padded) - 1) if padded[x] != padded[x + 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))
