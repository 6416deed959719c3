"""What other features may ask of instruments."""

from relay.features.instruments.service import Instruments, version_of
from relay.features.instruments.store import CustomInstrument

__all__ = ["CustomInstrument", "Instruments", "version_of"]
