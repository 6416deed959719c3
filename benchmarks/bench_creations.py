"""The studio's interfaces (/api/loops, /api/songs, /api/patterns … and their lists under /api/v1) among many creations, on both engines:
the relay's CPU for each request, and p95 by the clock; beneath them the slowest statement of each.

`--long` fills a million creations too, among which only the lists are measured.
"""

import asyncio
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from msgspec.structs import replace

from benchmarks.bench_relay_feed import relay_of, settle
from benchmarks.creation_data import COMMON, SOME_OWNER, WRITER, Filled, fill
from benchmarks.relay_server import Server
from relay.app.listening import EFFECTS
from relay.core.words import read_query
from relay.engine.database import Connection, open_database
from relay.features.activity import store as activity
from relay.features.creations import posts, score_lists
from relay.features.creations.kinds import Kind
from relay.features.samples import store as samples
from relay.features.search import store as search
from relay.features.studio import beat_list
from relay.features.studio import store as studio
from relay.features.usage import service as usage
from tests.support.postgres import postgres_server, schema_of
from tests.support.relay import RelayClient

SIZES, LONG = (1_000, 100_000), 1_000_000
FULL = 100_000
"""Up to so many creations of others everything is measured, beyond them the lists."""
ROUNDS, REQUESTS, LOOKS = 12, 5, 40
API_LIMIT_MS, QUERY_LIMIT_MS, SAMPLE_LIMIT_S, LOOP_LIMIT_KB = 200, 50, 5, 10
SAMPLE_SECONDS = 27
"""Of 16-bit stereo at 48 kHz: 4.94 MiB."""
LAST_PAGE = {"page": 45, "limit": 20}
Row = tuple[str, float | str, str, str]
Ask = Callable[[], httpx.Response]


def rows(long: bool = False) -> Iterator[Row]:
    """One line per figure. About five minutes; with a million creations half an hour, most of it to write them."""
    for count in (*SIZES, *([LONG] if long else [])):
        with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
            data = Path(name) / "data"
            data.mkdir(mode=0o700)
            yield from _measured("SQLite", count, f"sqlite:///{data / 'relay.db'}", data)
        with postgres_server() as server, schema_of(server) as schema, tempfile.TemporaryDirectory() as name:
            yield from _measured("PostgreSQL", count, server.url(schema), Path(name) / "data")


def _measured(engine: str, count: int, url: str, data: Path) -> Iterator[Row]:
    filled = fill(url, count)
    options = ["--database-url", url] if engine == "PostgreSQL" else []
    if options:
        settle(url)
    yield from asyncio.run(_queries(url, f"{count:,}, {engine}", filled))
    with ExitStack() as stack:
        relay = relay_of(stack, data, *options)
        client = RelayClient(relay.url)
        client.sign_in(WRITER)
        http = stack.enter_context(_http(client))
        asked = (
            _lists(http) if count > FULL else {**_lists(http), **_ones(http, filled), **_saves(http, filled)}
        )
        for name, ask in asked.items():
            cpu_ms, p95_ms = _cost(relay, ask)
            yield (
                f"{name}, {count:,}, {engine}: p95 ms",
                p95_ms,
                f"<= {API_LIMIT_MS}",
                f"CPU {cpu_ms:.2f} ms",
            )
        if count == FULL:
            yield from _sizes(relay, http, filled, engine)


def _http(client: RelayClient) -> httpx.Client:
    headers = dict(client.http.headers)
    client.close()
    return httpx.Client(base_url=client.url, headers=headers, timeout=300, trust_env=False)


def _cost(server: Server, ask: Ask) -> tuple[float, float]:
    """CPU of the server for each request, in ms, of the best round; and p95 of the time that they took, in ms, of all."""
    cpu, took_ms = list[float](), list[float]()
    for _ in range(REQUESTS):
        ask().raise_for_status()
    for _ in range(ROUNDS):
        began_s = server.cpu_s()
        for _ in range(REQUESTS):
            began = time.perf_counter()
            ask().raise_for_status()
            took_ms.append(1e3 * (time.perf_counter() - began))
        cpu.append(1e3 * (server.cpu_s() - began_s) / REQUESTS)
    return min(cpu), _p95(took_ms)


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


# what is asked ----------------------------------------------------------------------------------------------------


def _lists(http: httpx.Client) -> dict[str, Ask]:
    """All of them pages of 20, but the samples, which are one list."""
    get = _getter(http)
    return {
        "own loops": get("/api/loops"),
        "own loops, the last page": get("/api/loops", **LAST_PAGE),
        "own songs": get("/api/songs"),
        "own patterns": get("/api/patterns/me"),
        "own samples": get("/api/samples"),
        "somebody with loops and songs": get(f"/api/users/{SOME_OWNER}"),
        **{f"patterns, {sort}": get("/api/patterns", sort=sort) for sort in ("recent", "popular", "liked")},
        "patterns of a machine": get("/api/patterns", flavor="salsa"),
        "patterns, looked for": get("/api/patterns", search="rare7"),
        "popular patterns": get("/api/analytics/popular-patterns"),
        "what those one follows did": get("/api/feed"),
        "own loops by cursor": get("/api/v1/creations", kind="loop"),
        "loops of somebody by cursor": get(f"/api/v1/users/{SOME_OWNER}/creations", kind="loop"),
        "loops that have a word of all": get("/api/v1/search/posts", q=COMMON, kind="loop"),
        "loops that have a rare word": get("/api/v1/search/posts", q="rare7", kind="loop"),
        "songs that have a word of all": get("/api/v1/search/posts", q=COMMON, kind="song"),
        "everybody's, as a page": get("/explore"),
    }


def _ones(http: httpx.Client, filled: Filled) -> dict[str, Ask]:
    get = _getter(http)
    loop, song, pattern = (filled.one[kind] for kind in (Kind.LOOP, Kind.SONG, Kind.PATTERN))
    token = http.post(f"/api/loops/{loop}/share", json={}).json()["shareToken"]
    return {
        "a loop": get(f"/api/loops/{loop}"),
        "a song": get(f"/api/songs/{song}"),
        "a pattern": get(f"/api/patterns/{pattern}"),
        "a pattern's versions": get(f"/api/patterns/{pattern}/versions"),
        "a pattern as MIDI": get(f"/api/patterns/{pattern}/export", format="midi"),
        "a loop by a link": get(f"/api/shared/{token}"),
        "its view, counted": lambda: http.post(f"/api/shared/{token}/view"),
    }


def _saves(http: httpx.Client, filled: Filled) -> dict[str, Ask]:
    loop, pattern = filled.one[Kind.LOOP], filled.one[Kind.PATTERN]
    of_loop = http.get(f"/api/loops/{loop}").json()
    of_song = http.get(f"/api/songs/{filled.one[Kind.SONG]}").json()
    of_pattern = http.get(f"/api/patterns/{pattern}").json()["data"]
    made, count = list[str](), iter(range(1 << 30))

    def make() -> httpx.Response:
        answer = http.post("/api/loops", json=of_loop)
        made.append(answer.json()["id"])
        return answer

    return {
        "a loop made": make,
        "a loop deleted": lambda: http.delete(f"/api/loops/{made.pop()}"),
        "a loop saved, a new version": lambda: http.patch(
            f"/api/loops/{loop}", json=_other(of_loop, next(count))
        ),
        "a song saved": lambda: http.patch(
            f"/api/songs/{filled.one[Kind.SONG]}",
            json={"bpm": 60 + next(count) % 100, "timeline": of_song["timeline"]},
        ),
        "a pattern saved, a new version": lambda: http.put(
            f"/api/patterns/{pattern}", json={"bpm": 60 + next(count) % 100, "title": of_pattern["title"]}
        ),
        "a loop forked": lambda: http.post(f"/api/loops/{loop}/fork"),
        "a pattern forked": lambda: http.post(f"/api/patterns/{pattern}/fork"),
        "a loop shared": lambda: http.post(f"/api/loops/{loop}/share", json={"expiresIn": 7}),
    }


def _other(loop: dict[str, Any], n: int) -> dict[str, Any]:
    """The same with another sequence. any: as JSON."""
    return {"iconSequence": loop["iconSequence"][n % 64 :], "name": loop["name"]}


def _getter(http: httpx.Client) -> Callable[..., Ask]:
    return lambda path, **query: lambda: http.get(path, params=query)


def _sizes(server: Server, http: httpx.Client, filled: Filled, engine: str) -> Iterator[Row]:
    loop = http.get(f"/api/loops/{filled.one[Kind.LOOP]}").raise_for_status()
    cells = f"{len(loop.json()['iconSequence'])} steps, {len(loop.json()['chordProgression'])} chords, 8 bars"
    yield (f"a loop, {engine}: KB", len(loop.content) / 1e3, f"<= {LOOP_LIMIT_KB}", cells)
    sound = io.BytesIO()
    noise = np.random.default_rng(1).normal(scale=0.1, size=(SAMPLE_SECONDS * 48_000, 2))
    soundfile.write(sound, noise, 48_000, format="WAV", subtype="PCM_16")
    began, began_s = time.perf_counter(), _all_cpu_s(server.process.pid)
    file = {"file": ("n.wav", sound.getvalue(), "audio/wav")}
    http.post("/api/samples/upload", files=file).raise_for_status()
    took_s, cpu_s = time.perf_counter() - began, _all_cpu_s(server.process.pid) - began_s
    size = f"{len(sound.getvalue()) / (1 << 20):.2f} MiB of noise; CPU {cpu_s:.2f} s, encoder and all"
    yield (f"a sample until it is there, {engine}: s", took_s, f"<= {SAMPLE_LIMIT_S}", size)


def _all_cpu_s(pid: int) -> float:
    """Of a process, of all that it began, and of those of them that have ended (proc(5), stat)."""
    said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own_s = sum(map(int, said[11:15])) / os.sysconf("SC_CLK_TCK")
    return own_s + sum(_all_cpu_s(int(child)) for child in children)


# the statements beneath -------------------------------------------------------------------------------------------


class _Timed:
    """A connection that notes how long its slowest statement took, all rows read: in s, by the clock and of this thread's CPU."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.has_lateral = db.has_lateral
        self.slowest = (0.0, 0.0)

    def execute(self, sql: str, values: Any = ()) -> "_Rows":  # any: as the door takes them
        began_s, cpu_s = time.perf_counter(), time.thread_time()
        found = self._db.execute(sql, values).fetchall()
        took = time.perf_counter() - began_s, time.thread_time() - cpu_s
        self.slowest = max(self.slowest, took)
        return _Rows(found)


class _Rows:
    def __init__(self, found: list[Any]) -> None:
        self._found = found

    def fetchall(self) -> list[Any]:
        return self._found

    def fetchone(self) -> Any:
        return self._found[0] if self._found else None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found)


async def _queries(url: str, where: str, filled: Filled) -> list[Row]:
    db = open_database(url, effects=EFFECTS, on_commit=lambda _, __: None, on_lost=lambda _: None)
    found = list[Row]()
    for name, read in _reads(filled).items():

        def looked(db: Connection) -> tuple[float, float]:
            timed = _Timed(db)
            read(timed)  # noqa: B023 (awaited)
            return timed.slowest

        await db.read(looked)
        took = [await db.read(looked) for _ in range(LOOKS)]
        cpu_ms = 1e3 * min(cpu_s for _, cpu_s in took)
        p95_ms = 1e3 * _p95([wall_s for wall_s, _ in took])
        beside = f"CPU {cpu_ms:.2f} ms" if "SQLite" in where else ""
        found.append((f"query of: {name}, {where}: p95 ms", p95_ms, f"<= {QUERY_LIMIT_MS}", beside))
    await db.close()
    return found


def _reads(filled: Filled) -> dict[str, Callable[[Any], object]]:
    """By the names of what they stand beneath. any: a connection, timed."""
    me = filled.writer
    at = posts.position(me, None, 20)
    patterns = beat_list.Asked(
        viewer=me, sort="recent", style=None, owner_id=None, words="", first=0, limit=20
    )
    looked_for = search.Ask(viewer=me, query=read_query(COMMON), cursor=None, limit=20, kind="loop")
    own = partial(studio.numbered, limit=20, public=None, base_url="")
    last = 20 * (LAST_PAGE["page"] - 1)
    return {
        "own loops, the last page": lambda db: own(db, me, ["loop"], first=last),
        "own patterns": lambda db: own(db, me, ["machine", "pattern"], first=0),
        "own loops by cursor": lambda db: studio.of_owner(db, me, "loop", at, ""),
        "own samples": lambda db: (samples.of_owner(db, me, ""), samples.room_of(db, me)),
        "a loop": lambda db: studio.one(db, filled.one[Kind.LOOP], me, ""),
        "patterns": lambda db: beat_list.listed(db, patterns, ""),
        "patterns, looked for": lambda db: beat_list.listed(db, replace(patterns, words="rare7"), ""),
        "patterns of a machine": lambda db: beat_list.listed(db, replace(patterns, style="salsa"), ""),
        "patterns, counted for the numbers": lambda db: usage._texts(db, 0),
        "what those one follows did": lambda db: activity.page(db, me, 0, 0, 20),
        "loops that have a word of all": lambda db: search.posts(db, looked_for, ""),
        "everybody's, as a page": lambda db: score_lists.newest_scores(db, at, ""),
    }
