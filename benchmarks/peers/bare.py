"""A bare framework with the relay's own query and JSON: `python -m benchmarks.peers.bare DATABASE`. What is left is HTTP."""

import json
import socket
import sqlite3
import sys

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from relay.core.cursor import BEGINNING
from relay.features.feeds.store import _GLOBAL


def main() -> None:
    db = sqlite3.connect(sys.argv[1], check_same_thread=False)
    encode = msgspec.json.Encoder().encode

    async def feed(request: Request) -> Response:
        values = {"viewer": "", "at_us": BEGINNING.at_us, "id": BEGINNING.id, "limit": 21}
        return Response(encode(db.execute(_GLOBAL, values).fetchall()), media_type="application/json")

    serve(Starlette(routes=[Route("/feed/global", feed)]))


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
