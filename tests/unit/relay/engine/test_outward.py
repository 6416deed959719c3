"""Calls to addresses that people gave: whom nobody reaches by them, and how much of an answer is read."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from relay.engine import outward
from relay.engine.outward import (
    MAX_HEAD_BYTES,
    MAX_URL_CHARS,
    Outward,
    TargetRefused,
    TargetUnavailable,
    is_of_a_house,
    is_public,
    target_of,
)
from tests.support.mail_server import make_tls
from tests.support.push_service import Receiver, running_receiver

OF_A_HOUSE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "::1", "fc00::1", "::ffff:10.0.0.1", "fd12::1"]  # fmt: skip
NOBODYS = [
    "0.0.0.0", "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "fe80::1", "fe80::1%eth0", "ff02::1", "2001:db8::1", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::127.0.0.1",
]  # fmt: skip
EVERYBODYS = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", OF_A_HOUSE + NOBODYS)
def test_what_is_not_everybodys_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", EVERYBODYS)
def test_what_is_everybodys_is(address: str) -> None:
    assert is_public(address)


def test_an_operator_may_let_a_house_be_called_and_nothing_else() -> None:
    assert all(map(is_of_a_house, OF_A_HOUSE))
    let = {each for each in NOBODYS if is_of_a_house(each)}
    assert not any(each.startswith(("169.", "fe80", "224.", "ff02", "0.", "255.", "240.")) for each in let)
    assert not {"::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "::"} & let


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "example.com", "https://", "https://:443/", "https://a:0/", "https://a:99999/",
        "https://user@example.com/", "https://user:word@example.com/", "https://example.com/a b", "https://example.com/\r\nHost: x",
        "https://exämple.com/", "https://[fe80::1%25eth0]/", "https://[::1/", "https://e.com/" + "x" * MAX_URL_CHARS,
    ],
)  # fmt: skip
def test_what_is_no_address_to_call(url: str) -> None:
    with pytest.raises(TargetRefused):
        target_of(url)


def test_what_is() -> None:
    found = target_of("https://hooks.example:8443/a/b?c=d#e")
    assert (found.host, found.port, found.path) == ("hooks.example", 8443, "/a/b?c=d")
    assert (
        target_of("https://hooks.example").path == "/" and target_of("https://[2606::1]/").host == "2606::1"
    )


class Resolver:
    """A name that says something else each time it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0)


@pytest.mark.parametrize("address", OF_A_HOUSE + NOBODYS)
async def test_a_name_that_leads_behind_us_is_refused(address: str) -> None:
    calls = Outward(resolve=Resolver([address]))
    with pytest.raises(TargetRefused, match="network"):
        await calls.post("https://hooks.example/", {}, b"")
    with pytest.raises(TargetRefused, match="network"):  # one of several is enough
        await Outward(resolve=Resolver(["93.184.216.34", address])).post("https://hooks.example/", {}, b"")


async def test_a_name_is_resolved_once_and_its_address_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rebinding = Resolver(["93.184.216.34"], ["127.0.0.1"])
    connected = list[tuple[str, str]]()

    async def connect(host: str, port: int, **more: object) -> None:
        connected.append((host, str(more["server_hostname"])))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", connect)
    with pytest.raises(TargetUnavailable, match="ConnectionRefused"):
        await Outward(resolve=rebinding).post("https://hooks.example/", {}, b"")
    assert connected == [("93.184.216.34", "hooks.example")] and rebinding.asked == 1


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    chain, key = make_tls(tmp_path_factory.mktemp("tls"))
    patch = pytest.MonkeyPatch()
    patch.setattr(outward, "_context", lambda: ssl.create_default_context(cafile=str(chain)))
    with running_receiver(chain, key) as running:
        yield running
    patch.undo()


async def test_a_call_arrives_whole_and_no_redirect_is_followed(receiver: Receiver) -> None:
    calls = Outward(allow_private=True)
    assert (await calls.post(receiver.url + "/a?b=c", {"X-Own": "yes"}, b"body")).status == 201
    (got,) = receiver.at("/a?b=c")
    assert (got.body, got.headers["x-own"]) == (b"body", "yes")
    for status in (302, 307, 308):
        receiver.answers["/moved"] = [status]
        assert (await calls.post(receiver.url + "/moved", {}, b"")).status == status
    assert receiver.at("/elsewhere") == []
    with pytest.raises(TargetRefused):
        await Outward().post(receiver.url + "/a", {}, b"")


async def test_a_certificate_of_another_name_is_not_trusted(receiver: Receiver) -> None:
    calls = Outward(allow_private=True, resolve=Resolver(["127.0.0.1"]))
    with pytest.raises(TargetUnavailable, match="certificate"):
        await calls.post(receiver.url.replace("127.0.0.1", "hooks.example"), {}, b"")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * (2 * MAX_HEAD_BYTES), "too long"),
        (b"SSH-2.0-x\r\n\r\n", "not HTTP"),
        (b"", "not HTTP"),
        (b"HTTP/1.1 100 Go on\r\n\r\n" * 99, "without an end"),
        (None, "did not answer"),
    ],
)
async def test_an_answer_is_bounded(
    said: bytes | None, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, key = make_tls(tmp_path / "tls")
    monkeypatch.setattr(outward, "_context", lambda: ssl.create_default_context(cafile=str(chain)))
    monkeypatch.setattr(outward, "LIMIT_S", 0.5 if said is None else 30.0)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    over = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if said is None:
            await over.wait()
        else:
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(TargetUnavailable, match=word):
        await Outward(allow_private=True).post(f"https://127.0.0.1:{port}/", {}, b"")
    over.set()
    server.close()


async def test_when_to_ask_again_is_read(tmp_path: Path) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 120\r\nA: b\r\n\r\nbody")
    assert await outward._reply(reader) == outward.Reply(status=429, retry_after_s=120)
