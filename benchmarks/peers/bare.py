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
from relay.features.feeds import discovery


def main() -> None:
    db = sqlite3.connect(sys.argv[1], check_same_thread=False)
    encode = msgspec.json.Encoder().encode

    sql = discovery._whole(discovery._HOT)
    values: dict[str, str | int] = {"viewer": "", "reach": 21, "as_of_us": BEGINNING.at_us}
    for n in range(len(discovery._HOT)):
        values |= {f"at{n}": BEGINNING.at_us, f"id{n}": BEGINNING.id}

    async def feed(request: Request) -> Response:
        return Response(encode(db.execute(sql, values).fetchall()), media_type="application/json")

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
