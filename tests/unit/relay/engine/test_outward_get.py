"""Reading what stands at an address that a person gave: bounded, whole or not at all, and each redirect looked at anew."""

from collections.abc import Iterator, Sequence

import pytest

from relay.engine.outward import TargetRefused, TargetUnavailable
from relay.engine.outward_get import MAX_REDIRECTS, Reader
from tests.support.web_files import WebFiles, trusted_web_files

DATA = bytes(range(256)) * 1_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebFiles]:
    with trusted_web_files(tmp_path_factory.mktemp("tls")) as running:
        yield running


async def got(url: str, *, most: int = len(DATA), reader: Reader | None = None) -> bytes:
    reader = reader or Reader(allow_private=True)
    return b"".join([piece async for piece in reader.read(url, max_bytes=most, limit_s=60.0)])


async def test_a_file_is_read_whole_also_where_it_leads_elsewhere(files: WebFiles) -> None:
    url = files.put("/a.flac?b=c", DATA)
    assert await got(url) == DATA
    assert b"GET /a.flac?b=c HTTP/1.0\r\n" in files.asked[-1] and b"identity" in files.asked[-1]
    assert await got(files.lead("/moved", "/a.flac?b=c")) == DATA
    files.answers["/unsaid"] = b"HTTP/1.0 200 OK\r\n\r\n" + DATA
    assert await got(files.url + "/unsaid") == DATA


async def test_what_is_too_long_cut_coded_or_not_there_is_not_read(files: WebFiles) -> None:
    for url, why in (
        (files.put("/long", DATA), TargetRefused),
        (files.put("/cut", DATA[:50], length=60), TargetUnavailable),
        (files.url + "/none", TargetUnavailable),
        (files.url.replace("https", "http") + "/a", TargetRefused),
    ):
        with pytest.raises(why):
            await got(url, most=100)
    files.answers["/unsaid"] = b"HTTP/1.0 200 OK\r\n\r\n" + DATA
    with pytest.raises(TargetRefused, match="more than 100 bytes"):
        await got(files.url + "/unsaid", most=100)
    for head in (b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"):
        files.answers["/coded"] = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nx"
        with pytest.raises(TargetUnavailable, match="coded"):
            await got(files.url + "/coded")
    files.answers["/nonsense"] = b"SSH-2.0-x\r\n\r\n"
    with pytest.raises(TargetUnavailable):
        await got(files.url + "/nonsense")


async def test_no_redirect_leads_where_nobody_may_be_led(files: WebFiles) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1" if host == "127.0.0.1" else "169.254.169.254"]

    reader = Reader(allow_private=True, resolve=resolve)
    for to in (
        "https://metadata.example/latest",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "https://u@127.0.0.1/",
    ):
        with pytest.raises(TargetRefused):
            await got(files.lead("/away", to), reader=reader)
    assert asked.count("metadata.example") == 1, "resolved once, and refused"
    with pytest.raises(TargetRefused):
        await got(files.put("/a", DATA), reader=Reader())
    with pytest.raises(TargetUnavailable, match="on and on"):
        await got(files.lead("/round", "/round"))
    assert sum(b"/round" in each for each in files.asked) == MAX_REDIRECTS + 1


async def test_it_ends_in_time(files: WebFiles) -> None:
    with pytest.raises(TargetUnavailable, match="in time"):
        async for _ in Reader(allow_private=True).read(files.put("/a", DATA), max_bytes=1 << 20, limit_s=0.0):
            pass
