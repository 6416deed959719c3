"""Pages of ranked lists as nobody in particular sees them, remembered for a while (FEED_CACHE_TTL).

What may be late is what moves a post: likes, new posts. What a page must not show any more is not late: whatever changes who sees
a post, what it says or how it sounds forgets all pages, in every process, and what was read before that is not remembered after it.
Who is signed in is never shown a page from here, so their own acts are seen at once.
"""

import time
from collections.abc import Awaitable, Callable, Hashable

from relay.features.feeds.discovery import Page

MAX_PAGES = 256
"""Then the one that was remembered first goes: some 15 MB."""


class PageCache:
    """ttl_s: 0 for none. clock: in seconds. [loop]"""

    def __init__(self, ttl_s: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._clock = clock
        self._pages: dict[Hashable, tuple[float, Page]] = {}
        self._forgotten = 0

    async def page(self, key: Hashable, read: Callable[[], Awaitable[Page]]) -> Page:
        """The page of this key, read if it is not known."""
        now_s, found = self._clock(), self._pages.get(key)
        if found is not None and now_s < found[0]:
            return found[1]
        before = self._forgotten
        page = await read()
        if self._ttl_s and before == self._forgotten:
            self._pages.pop(key, None)
            self._pages[key] = (now_s + self._ttl_s, page)
            if len(self._pages) > MAX_PAGES:
                del self._pages[next(iter(self._pages))]
        return page

    def forget(self) -> None:
        """What was shown may not be shown any more."""
        self._pages.clear()
        self._forgotten += 1
