"""What other features may ask of editing together. `creations` forgets it with a creation, so this module imports nothing of it."""

from relay.features.coediting.store import Coedited, forget

__all__ = ["Coedited", "forget"]
