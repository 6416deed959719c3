"""A load on a relay of one's own: people who read feeds and hear posts, some who post, and sockets that are told of it.

    python -m benchmarks.load URL [--token TOKEN] [--seconds 20] [--readers 8] [--writers 1] [--sockets 10]

Of a relay for development on this machine it signs in by itself. Any other is asked for an admin's access token first, so nobody loads a relay that
is not theirs. What it posts is private, and deleted afterwards. One account may have ten sockets. Exit code 1: something failed, or a socket ended; 2: this
relay is not loaded, and why was said.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from relay.app.config import is_loopback
from relay.wire import events
from tests.support.loops import short_flac
from tests.support.relay import RelayClient

LIMIT_S = 60.0
TELLING_S = 5.0
TURNED_AWAY = 429
NAME = "load-test"


class NotOurs(Exception):
    """A sentence: why this relay is not loaded."""


@dataclass
class Seen:
    """seconds, statuses: of each thing that was asked. accepted_s, heard_s: when a post was answered, and heard of by each socket."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    ended: int = 0
    refused: int = 0
    accepted_s: dict[str, float] = field(default_factory=dict)
    heard_s: dict[str, list[float]] = field(default_factory=dict)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def rows(self) -> list[tuple[str, int, int, int, float, float]]:
        """What, how many, turned away, failed, p50 and p95 in milliseconds."""
        found = list[tuple[str, int, int, int, float, float]]()
        for what, seconds in self.seconds.items():
            p50_s, p95_s = percentiles(seconds)
            away = self.statuses[what, TURNED_AWAY]
            failed = sum(
                n for (each, status), n in self.statuses.items() if each == what and is_fault(status)
            )
            found.append((what, len(seconds), away, failed, p50_s * 1000, p95_s * 1000))
        if told := self.delays():
            p50_s, p95_s = percentiles(told)
            found.append(("told", len(told), 0, 0, p50_s * 1000, p95_s * 1000))
        return found

    def delays(self) -> list[float]:
        """From the answer to whoever posted to each socket; one that was told before the answer came waited for nothing."""
        return [
            max(0.0, heard - self.accepted_s[post])
            for post, times in self.heard_s.items()
            if post in self.accepted_s
            for heard in times
        ]

    @property
    def is_well(self) -> bool:
        return not self.ended and not any(is_fault(status) for _, status in self.statuses)


def is_fault(status: int) -> bool:
    """Being turned away is none: limits are there to hold."""
    return status >= 400 and status != TURNED_AWAY


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p95. values: at least one."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def token_for(url: str, given: str | None) -> str:
    """An access token with which this relay may be loaded. Raises NotOurs."""
    if given is not None:
        headers = {"authorization": f"Bearer {given}"}
        asked = httpx.get(f"{url}/api/v1/analytics/platform", headers=headers, timeout=LIMIT_S)
        if asked.status_code != 200:
            raise NotOurs(f"This is no token of an admin of {url}: it answers {asked.status_code}.")
        return given
    if not is_loopback(urlsplit(url).hostname or ""):
        raise NotOurs(f"{url} is not on this machine. Give an admin's access token of it: --token.")
    client = RelayClient(url)
    try:
        return client.sign_in(NAME).access_token
    except httpx.HTTPStatusError as refused:
        raise NotOurs(
            f"{url} lets nobody in by name ({refused.response.status_code}). Give an admin's access token of it: --token."
        ) from None
    finally:
        client.close()


async def load(url: str, token: str, seconds: float, readers: int, writers: int, sockets: int) -> Seen:
    """For so long. What was posted is deleted."""
    seen, opened = Seen(), asyncio.Semaphore(0)
    limits = httpx.Limits(max_connections=readers + writers)
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1",
        headers={"authorization": f"Bearer {token}"},
        limits=limits,
        timeout=LIMIT_S,
    ) as http:
        hearing = [asyncio.create_task(_hear(url, token, seen, opened)) for _ in range(sockets)]
        for _ in range(sockets):
            await opened.acquire()
        await _post(http, seen)  # so that there is something to hear
        until = time.monotonic() + seconds
        asking = [_read(http, seen, until, n) for n in range(readers)]
        await asyncio.gather(*asking, *(_write(http, seen, until) for _ in range(writers)))
        await _all_told(seen, sockets)
        for each in hearing:
            each.cancel()
        await asyncio.gather(*hearing, return_exceptions=True)
        for post in seen.accepted_s:
            await http.delete(f"/audio/{post}")
    return seen


async def _ask(
    http: httpx.AsyncClient, seen: Seen, what: str, method: str, path: str, **more: object
) -> httpx.Response:
    began = time.perf_counter()
    answer = await http.request(method, path, **more)  # type: ignore[arg-type]  # as httpx names them
    seen.seconds.setdefault(what, []).append(time.perf_counter() - began)
    seen.statuses[what, answer.status_code] += 1
    return answer


async def _read(http: httpx.AsyncClient, seen: Seen, until: float, number: int) -> None:
    """A feed, and then a post of it and the beginning of its sound; whoever is turned away waits as long as is asked."""
    feeds = ("/feed/global", "/feed/timeline")
    while time.monotonic() < until:
        answer = await _ask(http, seen, "feed", "GET", feeds[number % 2])
        if answer.status_code == TURNED_AWAY:
            await asyncio.sleep(
                min(float(answer.headers.get("retry-after", 1)), until - time.monotonic(), 5.0)
            )
            continue
        posts = [each["id"] for each in answer.json()["posts"]] if answer.status_code == 200 else []
        if known := posts or list(seen.accepted_s):
            post = known[number % len(known)]
            await _ask(http, seen, "post", "GET", f"/audio/{post}")
            await _ask(http, seen, "sound", "GET", f"/audio/{post}/mp3", headers={"range": "bytes=0-65535"})


async def _write(http: httpx.AsyncClient, seen: Seen, until: float) -> None:
    while time.monotonic() < until:
        answer = await _post(http, seen)
        if answer.status_code == TURNED_AWAY:
            await asyncio.sleep(
                min(float(answer.headers.get("retry-after", 1)), until - time.monotonic(), 5.0)
            )


async def _post(http: httpx.AsyncClient, seen: Seen) -> httpx.Response:
    answer = await _ask(
        http, seen, "upload", "POST", "/audio/upload",
        files={"audio": ("load.flac", short_flac(), "audio/flac")}, data={"title": NAME, "visibility": "private"},
    )  # fmt: skip
    if answer.status_code == 201:
        seen.accepted_s[answer.json()["id"]] = time.monotonic()
    return answer


async def _all_told(seen: Seen, sockets: int) -> None:
    """Or that has taken too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TELLING_S):
            while sum(map(len, seen.heard_s.values())) < len(seen.accepted_s) * (
                sockets - seen.refused - seen.ended
            ):
                seen.heard.clear()
                await seen.heard.wait()


async def _hear(url: str, token: str, seen: Seen, opened: asyncio.Semaphore) -> None:
    """One socket, until it is cancelled."""
    frames = events.Frames(json=False)
    try:
        async with connect(
            url.replace("http", "ws", 1) + "/api/v1/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            subprotocols=[events.SUBPROTOCOL_MSGPACK],  # type: ignore[list-item]  # a name of its own type there
            compression=None,
            proxy=None,
        ) as socket:
            await socket.send(msgspec.msgpack.encode([events.Connect(cursor=None)]))
            opened.release()
            async for data in socket:
                assert isinstance(data, bytes)
                _, messages = frames.of_relay(data)
                for each in messages:
                    told = events.read_payload(each) if isinstance(each, events.Event) else None
                    if isinstance(told, events.FeedNewPost):
                        seen.heard_s.setdefault(told.post.id, []).append(time.monotonic())
                        seen.heard.set()
            seen.ended += 1
    except InvalidStatus:
        seen.refused += 1
        opened.release()
    except ConnectionClosed:
        seen.ended += 1
        opened.release()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--sockets", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    url = given.url.rstrip("/")
    try:
        token = token_for(url, given.token)
        seen = asyncio.run(load(url, token, given.seconds, given.readers, given.writers, given.sockets))
    except (NotOurs, httpx.TransportError) as error:
        print(error, file=sys.stderr)
        return 2
    print(_as_json(seen) if given.json else _as_text(seen, given.seconds))
    return 0 if seen.is_well else 1


def _as_json(seen: Seen) -> str:
    names = ("what", "count", "turned_away", "failed", "p50_ms", "p95_ms")
    rows = [dict(zip(names, row, strict=True)) for row in seen.rows()]
    return json.dumps({"asked": rows, "sockets_ended": seen.ended, "sockets_refused": seen.refused})


def _as_text(seen: Seen, seconds: float) -> str:
    lines = [f"{'':8}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'429':>7}{'failed':>8}"]
    for what, count, away, failed, p50, p95 in seen.rows():
        lines.append(f"{what:8}{count / seconds:10.1f}{p50:9.1f}{p95:9.1f}{away:7}{failed:8}")
    lines.append(f"Sockets that ended: {seen.ended}; that were not let in: {seen.refused}.")
    return "\n".join(lines)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
