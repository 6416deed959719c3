"""What other features may ask of analytics."""

from relay.features.analytics.events import (
    THOUSANDTHS,
    forget_creation,
    forget_today,
    note_here,
    note_play,
    note_stop,
)
from relay.features.analytics.opting_out import is_counted

__all__ = [
    "THOUSANDTHS",
    "forget_creation",
    "forget_today",
    "is_counted",
    "note_here",
    "note_play",
    "note_stop",
]
