"""A bare framework with the relay's own query and JSON: `python -m benchmarks.peers.bare DATABASE`. What is left is HTTP."""

import json
import socket
import sqlite3
import sys
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from relay.engine.database.door import Values
from relay.features.feeds.discovery import Ask, hot
from relay.features.feeds.filters import ALL


def main() -> None:
    db = sqlite3.connect(sys.argv[1], check_same_thread=False)
    encode = msgspec.json.Encoder().encode

    noted = Noted(db)
    hot(noted, Ask(viewer="", cursor=None, limit=20, filter=ALL), "")
    sql, values = noted.first

    async def feed(request: Request) -> Response:
        return Response(encode(db.execute(sql, values).fetchall()), media_type="application/json")

    serve(Starlette(routes=[Route("/feed/global", feed)]))


class Noted:
    """The relay's connection to `db`, as far as a page needs it. first: the first statement that it was asked for."""

    has_lateral = False

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.first: tuple[str, Any] = ("", ())

    def execute(self, sql: str, values: Values = (), /) -> sqlite3.Cursor:
        self.first = self.first if self.first[0] else (sql, values)
        return self._db.execute(sql, values)


def serve(app: object) -> None:
    """On a free port, which is said."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(1024)
    print(json.dumps({"url": f"http://127.0.0.1:{bound.getsockname()[1]}"}), flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False)  # type: ignore[arg-type]  # any ASGI application
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
