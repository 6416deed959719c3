"""How the head of a request is read."""

from typing import Any

import pytest

from relay.app.http_request import Request


async def read(
    *lines: tuple[str, str], method: str = "GET", path: str = "/", version: str = "1.1"
) -> Request:
    async def receive() -> Any:
        raise AssertionError("nobody asked for the body")

    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]
    scope = {"method": method, "path": path, "query_string": b"", "headers": headers, "http_version": version}
    return Request(scope, receive)


async def test_lines_of_one_name_are_one_list_and_cookies_are_cookies() -> None:
    request = await read(
        ("accept", "text/html"), ("cookie", "a=1"), ("x", "\xff"), ("accept", "*/*"), ("cookie", "b=2; c=3")
    )
    assert request.headers == {"accept": "text/html, */*", "cookie": "a=1; b=2; c=3", "x": "\xff"}


@pytest.mark.parametrize(
    ("hosts", "version", "one"),
    [
        (["a"], "1.1", True),
        (["a"], "1.0", True),
        ([], "1.0", True),
        ([], "1.1", False),
        (["a", "a"], "1.1", False),
        (["a", "b"], "1.0", False),
    ],
)
async def test_a_request_names_one_host(hosts: list[str], version: str, one: bool) -> None:
    assert (await read(*(("host", each) for each in hosts), version=version)).names_one_host is one


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("POST", "/api/v1/uploads/x", "PATCH"),
        ("GET", "/api/v1/uploads/x", "GET"),
        ("POST", "/api/v1/social/like", "POST"),
    ],
)
async def test_a_header_names_the_method_of_uploads_alone(method: str, path: str, meant: str) -> None:
    request = await read(("x-http-method-override", "PATCH"), method=method, path=path)
    assert request.method == meant
