"""Have I made this before? The library's Takes that are the same sound, or like it."""

from daemon.core.analysis import Alike
from daemon.errors import SidechainError
from daemon.features.rendering.renderer import Renderer
from daemon.library.takes import Takes


class Search:
    """[loop] Waits for the Take that is being rendered. Raises SidechainError."""

    def __init__(self, takes: Takes, renderer: Renderer) -> None:
        self._takes = takes
        self._renderer = renderer

    async def like_take(self, prefix: str, limit: int) -> list[Alike]:
        """The others that are like this one, best first."""
        take = await self._takes.find(prefix)
        if take.analysis is None:
            raise SidechainError(f"Take {take.take_id[:12]} is not analysed yet.", "Try again in a moment.")
        analysis = take.analysis
        return await self._renderer.search(
            analysis.fingerprint, analysis.embedding, but=take.take_id, limit=limit
        )

    async def like_sound(self, fingerprint: bytes, embedding: bytes, limit: int) -> list[Alike]:
        """Those that are like a sound of which this was analysis."""
        return await self._renderer.search(fingerprint, embedding, but="", limit=limit)
