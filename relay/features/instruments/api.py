"""What other features may ask of instruments."""

from relay.features.instruments.service import Instruments, version_of
from relay.features.instruments.store import Made

__all__ = ["Instruments", "Made", "version_of"]
