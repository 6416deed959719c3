"""By which engines a sound can be taken apart, or notes be heard, here: those that are always there, and those whose model the operator has put here."""

import asyncio
from collections.abc import Iterable

from audio.models.shelf import ModelRefused, Shelf
from relay.core.refusal import Refusal
from relay.engine.model_folder import ModelFolder


class Models:
    """Looked at anew each time: an operator puts one here while the relay serves. [loop]"""

    def __init__(self, folder: ModelFolder, shelf: Shelf | None = None) -> None:
        self._folder = folder
        self.shelf = shelf or Shelf(folder)

    async def here(self, engines: Iterable[str]) -> list[str]:
        """Of these, by name. Raises OSError."""
        return await asyncio.to_thread(self.shelf.here, list(engines))

    async def verified(self, name: str) -> list[str]:
        """Paths of its files, each of which was read and is what it must be. Raises Refusal: model_unavailable; OSError."""
        try:
            found = await asyncio.to_thread(self.shelf.verified, name)
        except ModelRefused:
            raise Refusal(
                "model_unavailable", f"This relay has no model {name} any more.", "Name another."
            ) from None
        return [str(self._folder.path / each) for each in found]
