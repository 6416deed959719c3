"""The system's Firefox for playwright, whose WebDriver BiDi is newer than that Firefox: a program that playwright starts in its place.

It starts Firefox with the arguments that it was given, stands between the two, and answers what this Firefox does not know:
commands that only change how a page may be told to look. All else passes as it is.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from tests.support.firefox import FIREFOX

READY = "WebDriver BiDi listening on "
UNKNOWN = frozenset({"emulation.setMediaFeaturesOverride"})


async def main(arguments: list[str]) -> int:
    process = await asyncio.create_subprocess_exec(FIREFOX, *arguments, stderr=PIPE)
    address = await _address(process)

    async def serve_one(playwright: ServerConnection) -> None:
        assert playwright.request is not None
        async with connect(address + playwright.request.path, max_size=None) as firefox:
            passing = [
                asyncio.create_task(_pass_commands(playwright, firefox)),
                asyncio.create_task(_pass_answers(firefox, playwright)),
            ]
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for each in passing:
                each.cancel()

    async with serve(serve_one, "127.0.0.1", 0, max_size=None) as server:
        print(f"{READY}ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", file=sys.stderr, flush=True)
        assert process.stderr is not None
        async for _ in process.stderr:  # read away, so that it never waits for a reader
            pass
        return await process.wait()


async def _address(process: Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if READY in (text := line.decode(errors="replace")):
            return text.partition(READY)[2].strip()
    raise AssertionError(f"{FIREFOX} ended before it listened.")


async def _pass_commands(playwright: ServerConnection, firefox: ClientConnection) -> None:
    async for message in playwright:
        command = json.loads(message)
        if command["method"] in UNKNOWN:
            await playwright.send(json.dumps({"type": "success", "id": command["id"], "result": {}}))
        else:
            await firefox.send(message)


async def _pass_answers(firefox: ClientConnection, playwright: ServerConnection) -> None:
    async for message in firefox:
        await playwright.send(message)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
