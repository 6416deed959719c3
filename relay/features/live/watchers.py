"""Which connections of this process look at which post: each at one at most, the one that its page shows."""

from relay.features.live.hub import Connection


class Watchers:
    """[loop]"""

    def __init__(self) -> None:
        self._of_post: dict[str, set[Connection]] = {}
        self._post_of: dict[Connection, str] = {}

    def watch(self, connection: Connection, post_id: str | None) -> None:
        """In place of what it looked at before; None: at nothing."""
        before = self._post_of.pop(connection, None)
        if before is not None:
            lookers = self._of_post[before]
            lookers.discard(connection)
            if not lookers:
                del self._of_post[before]
        if post_id is not None:
            self._post_of[connection] = post_id
            self._of_post.setdefault(post_id, set()).add(connection)

    def of(self, post_id: str) -> list[Connection]:
        """Whoever looks at it now."""
        return list(self._of_post.get(post_id, ()))
