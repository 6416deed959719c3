"""Litestar's channels: `python -m benchmarks.peers.channels`. A channel for each author, every socket subscribed to those it
follows; POST /publish?author=N sends the body to their channel.
"""

from litestar import Litestar, Request, WebSocket, post, websocket
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend

from benchmarks.peers.bare import serve

AUTHORS = 8
TOKENS = {f"token{n}" for n in range(10_000)}
channels = ChannelsPlugin(backend=MemoryChannelsBackend(), arbitrary_channels_allowed=True)


@websocket("/ws")
async def listen(socket: WebSocket) -> None:  # type: ignore[type-arg]
    if socket.query_params.get("token") not in TOKENS:
        await socket.close()
        return
    await socket.accept()
    followed = [f"author{n}" for n in range(AUTHORS)]
    async with (
        channels.start_subscription(followed) as subscriber,
        subscriber.run_in_background(socket.send_data),
    ):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


@post("/publish")
async def publish(request: Request, author: int) -> None:  # type: ignore[type-arg]
    channels.publish(await request.body(), [f"author{author}"])


if __name__ == "__main__":
    serve(Litestar([listen, publish], plugins=[channels], openapi_config=None, logging_config=None))
