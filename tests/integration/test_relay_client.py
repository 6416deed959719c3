"""The daemon's client before a relay that lies, drips, bombs or says nothing: bounded in time and memory, and one
kind of error for all of it."""

import asyncio
import gzip
import io
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from daemon.config import Config
from daemon.core.outbox import Moved
from daemon.errors import Offline, RelayRefused
from daemon.events import Bus, FollowsChanged, PostChanged
from daemon.features.feed.deeds import Deeds
from daemon.features.feed.own_posts import OwnPosts
from daemon.features.feed.social import Social
from daemon.identity.account import Account
from daemon.identity.credentials import FileSecret, open_identity
from daemon.identity.relay import DeviceRelay
from daemon.library.store import Store
from daemon.uplink.http import MAX_ANSWER_BYTES, RelayHttp
from daemon.uplink.tus import Parcel, TusClient
from relay.wire.identity import TokenPair
from relay.wire.owning import PostEdit
from relay.wire.rest import Problem, Producer
from tests.support.deadlines import HANG_S
from tests.support.posting import no_words

MEMORY_BYTES = 20 << 20


class Liar:
    """Answers every request with what `answer` writes, and keeps what it was sent."""

    def __init__(self, answer: Callable[[asyncio.StreamWriter], object]) -> None:
        self._answer = answer
        self.heads: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                lengths = [
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                ]
                await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
                done = self._answer(writer)
                if asyncio.iscoroutine(done):
                    await done
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def before(
    folder: Path, answer: Callable[[asyncio.StreamWriter], object]
) -> AsyncIterator[tuple[DeviceRelay, Liar]]:
    liar = Liar(answer)
    server = await asyncio.start_server(liar.accept, "127.0.0.1", 0)
    client = DeviceRelay(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", lambda: None)
    identity = await open_identity(FileSecret(folder / "key"), folder / "session", create=True)
    assert identity is not None
    user = Producer(id="0" * 32, username="owner", display_name="x")
    pair = TokenPair(
        access_token="a" * 40, refresh_token="r" * 40, expires_in=900, device_id="0" * 32, user=user
    )
    await client.tokens.adopt(identity, pair)
    try:
        yield client, liar
    finally:
        await client.close()
        server.close()
        await liar.end()


def whole(status: str, body: bytes = b"", *headers: str) -> Callable[[asyncio.StreamWriter], object]:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""])
    return lambda writer: writer.write(head.encode("latin-1") + body)


async def forever(writer: asyncio.StreamWriter, piece: bytes, pause_s: float) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(pause_s)


BOMB = gzip.compress(b" " * (100 << 20))
LIES: dict[str, Callable[[asyncio.StreamWriter], object]] = {
    "a bomb": whole("200 OK", BOMB, "Content-Encoding: gzip"),
    "a bomb in a refusal": whole("500 Oh", BOMB, "Content-Encoding: gzip"),
    "too large": whole("200 OK", b" " * (MAX_ANSWER_BYTES + 1)),
    "no end": lambda writer: forever(writer, b" " * 65536, 0),
    "a byte now and then": lambda writer: forever(writer, b" ", 0.02),
    "nothing": lambda writer: None,
    "half an answer": lambda writer: (
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
        writer.close(),
    ),
    "no HTTP": lambda writer: writer.write(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "no JSON": whole("200 OK", b"<html>"),
    "another shape": whole("200 OK", b'{"id": 7}'),
    "very deep": whole("200 OK", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "very deep, and a no": whole("404 No", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "no UTF-8": whole("200 OK", b'{"id": "\xff\xfe"}'),
}


@pytest.mark.parametrize("lie", LIES)
async def test_whatever_comes_is_one_error_in_little_time_and_memory(tmp_path: Path, lie: str) -> None:
    async with asyncio.timeout(HANG_S), before(tmp_path, LIES[lie]) as (client, _):
        tracemalloc.start()
        try:
            with pytest.raises((Offline, RelayRefused)):
                answer = await client.call("GET", "/users/me", {}, limit_s=1.0, silence_s=0.5)
                client.http.decoded(answer, Producer)
            assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
        finally:
            tracemalloc.stop()


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    async with before(tmp_path, lambda writer: forever(writer, b" " * 65536, 0)) as (client, _):
        with pytest.raises(Offline, match="larger than"):
            await client.call("GET", "/users/me", {}, limit_s=HANG_S)


async def test_a_token_goes_to_the_relay_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with before(tmp_path / "other", whole("200 OK", b"{}")) as (there, other):
        moved = whole("307 Over there", b"", f"Location: {there.base_url}/api/v1/users/me")
        async with before(tmp_path, moved) as (client, liar):
            with pytest.raises(Offline):
                await client.me()
            assert b"a" * 40 in liar.heads[0] and other.heads == []


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("90", 90.0),
        ("0", 0.0),
        ("9" * 400, 999_999_999.0),
        ("²", None),
        ("-5", None),
        ("soon", None),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sun, 06 Nov 1994 08:40:37 GMT", 0.0),
    ],
)
async def test_how_long_a_relay_asks_to_wait(tmp_path: Path, told: str, seconds: float | None) -> None:
    answer = whole("503 Busy", b"{}", f"Retry-After: {told}", "Date: Sun, 06 Nov 1994 08:49:37 GMT")
    async with before(tmp_path, answer) as (client, _):
        with pytest.raises(Offline) as busy:
            await client.me()
        assert (busy.value.retry_after_s, busy.value.relay_wide, busy.value.no_answer) == (
            seconds,
            True,
            False,
        )


async def nothing(_: Moved) -> None:
    pass


def said(status: int) -> bytes:
    """A no in the relay's own words."""
    return msgspec.json.encode(Problem(title="No", status=status, code="no", detail="No."))


PORTALS = [
    whole("200 OK", b"<html>Sign in", "Content-Type: text/html"),
    whole("302 Found", b"", "Location: https://portal.example/"),
    whole("401 Unauthorized", b"<html>Proxy", "WWW-Authenticate: Basic"),
    whole("403 Forbidden", b"<html>Blocked by policy"),
    whole("404 Not Found", b"<html>nginx"),
    whole("407 Proxy Authentication Required", b"<html>"),
    whole("413 Too Large", b'{"message": "of a gateway"}', "Content-Type: application/json"),
    whole("511 Network Authentication Required", b"<html>"),
]


@pytest.mark.parametrize("portal", PORTALS)
async def test_what_stands_between_has_no_say(
    tmp_path: Path, portal: Callable[[asyncio.StreamWriter], object]
) -> None:
    """A hotel's sign-in page or a proxy ends no upload for good, and takes no account away."""
    path = tmp_path / "file"
    path.write_bytes(b"123456789")
    async with before(tmp_path, portal) as (client, _):
        with path.open("rb") as file:
            for url, first in ((None, True), (f"{client.base_url}/api/v1/uploads/x", False)):
                parcel = Parcel(
                    entry_id="e" * 32,
                    file=file,
                    size_bytes=9,
                    sha256="0" * 64,
                    meta=no_words,
                    url=url,
                    first=first,
                    allowed=lambda: True,
                    moved=nothing,
                )
                with pytest.raises(Offline):
                    await TusClient(client).deliver(parcel)
        identity = client.tokens._identity
        assert identity
        client.tokens.use(identity)  # and no access token
        with pytest.raises(Offline):
            await client.tokens.access()
        assert identity.refresh_token(), "it is the relay that takes a device away"


@pytest.mark.parametrize(
    ("answer", "error", "requests"),
    [
        (whole("201 Made", b"", "Location: http://evil.example/x", "Upload-Offset: 3"), RelayRefused, 1),
        (whole("201 Made", b"", "Location: //evil.example/x", "Upload-Offset: 3"), RelayRefused, 1),
        (whole("201 Made", b"", "Location: /x", "Upload-Offset: 10"), Offline, 1),
        (whole("201 Made", b"", "Location: /x", "Upload-Offset: -1"), Offline, 1),
        (whole("201 Made", b"", "Location: /x"), Offline, 1),
        (whole("204 Fine", b"", "Upload-Offset: 3"), Offline, 1),
        (whole("413 Too large", said(413)), RelayRefused, 1),
        (whole("409 Not there", b"{}"), Offline, 1),
        (whole("503 Busy", b"{}", "Retry-After: 9"), Offline, 1),
    ],
)
async def test_an_upload_believes_nothing_that_cannot_be(
    tmp_path: Path,
    answer: Callable[[asyncio.StreamWriter], object],
    error: type[Exception],
    requests: int,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123456789")
    async with before(tmp_path, answer) as (client, liar):
        with path.open("rb") as file:
            parcel = Parcel(
                entry_id="e" * 32,
                file=file,
                size_bytes=9,
                sha256="0" * 64,
                meta=no_words,
                url=None,
                first=True,
                allowed=lambda: True,
                moved=nothing,
            )
            with pytest.raises(error):
                await TusClient(client).send(parcel)
        assert len(liar.heads) == requests


async def test_an_upload_where_nothing_moves_ends_at_once_and_does_not_ask_again(tmp_path: Path) -> None:
    """The relay answers, and its offset never grows: no loop without an end, and no burst."""

    def stuck(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nUpload-Offset: 3\r\nUpload-Length: 9\r\n\r\n")

    path = tmp_path / "file"
    path.write_bytes(b"123456789")
    async with before(tmp_path, stuck) as (client, liar):
        with path.open("rb") as file:
            assert isinstance(file, io.BufferedReader)
            parcel = Parcel(
                entry_id="e" * 32,
                file=file,
                size_bytes=9,
                sha256="0" * 64,
                meta=no_words,
                url=f"{client.base_url}/api/v1/uploads/x",
                first=False,
                allowed=lambda: True,
                moved=nothing,
            )
            with pytest.raises((Offline, RelayRefused)):
                await TusClient(client).send(parcel)
        assert len(liar.heads) == 2


async def test_a_portal_is_not_a_relay_of_another_version(tmp_path: Path) -> None:
    """What is no JSON comes from somebody else; what is JSON of another shape, from a relay that knows more."""
    async with before(tmp_path, whole("200 OK", b"<html>Sign in")) as (client, _):
        with pytest.raises(Offline, match=r"is not the relay.*sign in to the network"):
            await client.me()
    (tmp_path / "newer").mkdir()
    async with before(tmp_path / "newer", whole("200 OK", b'{"id": 7}')) as (client, _):
        with pytest.raises(Offline, match=r"is not understood\. Update Sidechain"):
            await client.me()


@pytest.mark.parametrize("answer", ["none", "broken off", "busy", "an error"])
async def test_what_is_said_of_a_deed_that_is_not_queued_is_what_is_known(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that went out and was not answered may have been carried out."""
    monkeypatch.setattr("daemon.uplink.calls.READ_LIMIT_S", 0.3)
    problem = msgspec.json.encode(Problem(status=503, code="busy", title="Busy", detail="Too much at once."))
    answers = {
        "none": lambda writer: None,
        "broken off": lambda writer: writer.close(),
        "busy": whole("503 Service Unavailable", problem),
        "an error": whole("500 Internal Server Error", problem),
    }
    store, bus = Store(tmp_path / "library.sqlite3"), Bus()
    told: list[object] = []
    bus.on(PostChanged, told.append)
    async with before(tmp_path, answers[answer]) as (client, _):
        account = Account(Config(data_dir=str(tmp_path)), store, "0", bus)
        account._relay = client
        with pytest.raises(Offline, match="not tried again by itself") as away:
            own = OwnPosts(account, store, bus, lambda *_: pytest.fail("nothing is replaced here"))
            await own.edit("1" * 32, PostEdit(title="another"))
    assert ("not known whether this reached the relay" in str(away.value)) is (answer != "busy")
    assert "goes on trying" not in str(away.value) and told == []
    store.close()


async def test_a_relay_that_cannot_be_reached_has_got_nothing() -> None:
    http = RelayHttp("http://127.0.0.1:1")
    with pytest.raises(Offline) as away:
        await http.exchange("GET", "/me", {}, b"")
    assert away.value.no_answer and not away.value.may_have_arrived
    await http.close()


@pytest.mark.parametrize("deed", ["like", "react", "follow"])
async def test_a_deed_that_did_not_reach_the_relay_waits_and_is_said_to(tmp_path: Path, deed: str) -> None:
    store, bus = Store(tmp_path / "library.sqlite3"), Bus()
    told: list[object] = []
    for kind in (PostChanged, FollowsChanged):
        bus.on(kind, told.append)
    async with before(tmp_path, lambda writer: writer.close()) as (client, _):
        account = Account(Config(data_dir=str(tmp_path)), store, "0", bus)
        account._relay, account.name = client, "owl"
        social = Social(Deeds(account, store, bus), store)
        deeds = {
            "like": lambda: social.like("1" * 32, True),
            "react": lambda: social.react("1" * 32, "🔥", True),
            "follow": lambda: social.follow("ana", True),
        }
        done = await deeds[deed]()
    assert done.waits and told == [] and store.count_deeds("owl") == 1
    store.close()
