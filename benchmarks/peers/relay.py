"""The relay with one more row: POST /bench/publish?author=N publishes a post of author N, as the end of a job does.

`python -m benchmarks.peers.relay …` takes the relay's own options. What is published is durable, told from the rows, and
handed out to whoever follows the author: the whole of what a relay does for an event, but for the encoding of sound.
"""

from itertools import count
from typing import Any

from msgspec import Struct

from benchmarks.relay_data import new_post
from relay.app import engines
from relay.app.commands.main import main
from relay.app.site import frame
from relay.core.access import Action
from relay.core.calls import Answer, Call, Page
from relay.engine.database import Database, Tx, open_database
from relay.features.accounts.api import find
from relay.features.creations.store import publish

_numbers = count()


class Author(Struct, frozen=True):
    author: int


def with_publishing() -> None:
    built = frame.rows
    opened: list[Database] = []

    def open_and_note(*given: Any, **named: Any) -> Database:
        opened[:] = [open_database(*given, **named)]
        return opened[0]

    async def handler(call: Call[Any, Any]) -> Answer[Any]:
        def work(tx: Tx) -> None:
            publish(tx, new_post(find(tx.db, f"star{call.query.author}").id, next(_numbers)))

        await opened[0].write(work)
        return Answer(status=204)

    def rows(*given: Any) -> Any:  # whatever the site's own take
        row = Page(
            method="POST",
            path="/bench/publish",
            action=Action.HEALTH_READ,
            handler=handler,
            query=Author,
            machine=True,
        )
        return [*built(*given), row]

    engines.open_database = open_and_note  # type: ignore[attr-defined]
    frame.rows = rows  # type: ignore[assignment]


if __name__ == "__main__":
    with_publishing()
    main()
