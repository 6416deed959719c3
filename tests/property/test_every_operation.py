"""Every operation there is, asked with values made of its own row, meant well and not: never an answer of 5xx, every refusal a
problem document, every success what the row promises. SIDECHAIN_CASES says how many cases an operation gets (500 for a long look).
"""

import os
import random
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from msgspec import inspect

from relay.app.dispatch import method_of, path_of
from relay.core.access import Role
from relay.core.calls import AnyRow, Page, Row
from relay.features.accounts import api as accounts
from relay.wire.operations import AudioBytes, Nothing, UploadForm
from relay.wire.rest import Problem
from tests.support.asgi_peer import InMemory, unlimited_relay_in_memory
from tests.support.house import new_loop, new_post
from tests.support.postgres import PostgresServer, schema_of

CASES = int(os.environ.get("SIDECHAIN_CASES", "3"))
SLOW_CASES = 2
"""Of an operation that has a body decoded as sound, or a picture."""
FORM = ("csrf", "text", "title", "answer", "kind", "id", "deed", "username")
"""Fields of forms: without the page's token none of them is carried out."""
SEED = int(os.environ.get("SIDECHAIN_SEED", "1"))
WORDS = (
    "ana", "Am", "8A", "dub", "public", "post", "like", "0" * 32, "f" * 64, "x" * 43, "x" * 86, "❤️", "🔥", "夜",
    "https://a.example/b", "2026-01-01T00:00:00.000000Z", "a.b-c_d", "1", "0", "",
    "drum-kick", "salsa", "maj7", "#aBcDeF", "C", "C4",
)  # fmt: skip
ODD = (
    None, True, -1, 0, 1 << 31, 1 << 53, 1 << 63, 1 << 70, 1e308, -0.0, "", " ", "\x00", "\ud83d", "\u202e", "a" * 5000,
    "%00", "../..", "' OR 1=1 --", [], {}, [[]], {"": None}, ["a"] * 300, {"a": {"b": {"c": 1}}},
)  # fmt: skip
IN_PATH = [each for each in ODD if each != ""]
"""Without a parameter it is the path of something else."""


@dataclass
class Maker:
    """Values of the types of the wire, mostly as they are meant. known: ids and names that are there, by path parameter."""

    chance: random.Random
    known: Mapping[str, list[str]]

    def value(self, kind: inspect.Type) -> Any:  # any: it is to become JSON
        if self.chance.random() < 0.06:
            return self.chance.choice(ODD)
        match kind:
            case inspect.IntType(ge=low, le=high):
                return self.chance.choice(
                    [
                        low or 0,
                        high or 1 << 40,
                        self.chance.randint(low or 0, max(low or 0, min(high or 99, 999))),
                    ]
                )
            case inspect.FloatType(ge=low, gt=above, le=high):
                return self.chance.uniform(low or above or 0.0, high or 1000.0)
            case inspect.StrType():
                return self._text(kind)
            case inspect.LiteralType(values=values):
                return self.chance.choice(list(values))
            case inspect.BoolType():
                return self.chance.random() < 0.5
            case inspect.UnionType(types=types):
                return self.value(self.chance.choice(types))
            case inspect.ListType(item_type=item):
                return [self.value(item) for _ in range(self.chance.randint(0, 3))]
            case inspect.DictType(key_type=key, value_type=value):
                return {str(self.value(key)): self.value(value) for _ in range(self.chance.randint(0, 2))}
            case inspect.StructType(cls=cls):
                return self.struct(cls)
        return None

    def struct(self, cls: type) -> dict[str, Any]:
        """Some of its fields, at least those that have to be there, mostly."""
        described = inspect.type_info(cls)
        assert isinstance(described, inspect.StructType)
        wanted = {
            each.encode_name: self.value(each.type)
            for each in described.fields
            if (each.required and self.chance.random() < 0.97) or self.chance.random() < 0.5
        }
        if described.tag_field is not None:
            wanted[described.tag_field] = described.tag
        return wanted | ({"unknown": 1} if self.chance.random() < 0.03 else {})

    def parameter(self, name: str) -> str:
        given = [*self.known.get(name, ()), "0" * 32, "me", "1"]
        return self.chance.choice(given) if self.chance.random() < 0.85 else str(self.chance.choice(IN_PATH))

    def _text(self, kind: inspect.StrType) -> str:
        fitting = [
            each
            for each in (*WORDS, *(id_ for ids in self.known.values() for id_ in ids))
            if (kind.min_length or 0) <= len(each) <= (kind.max_length or 99)
            and (kind.pattern is None or re.search(kind.pattern, each))
        ]
        return self.chance.choice(fitting) if fitting else "a" * (kind.min_length or 1)


async def scene(peer: InMemory) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Tokens by who has them, and what is there, of accounts that nobody else uses."""
    peer.http.cookies.clear()  # of whoever the last operation signed in
    mark = secrets.token_hex(4)
    names = {who: f"{who}-{mark}" for who in ("ana", "ben", "mod", "boss")}
    pairs = {who: await peer.claimed(name) for who, name in names.items()}
    for who, role in (("mod", Role.MODERATOR), ("boss", Role.ADMIN)):
        await peer.relay.db.write(
            lambda tx, who=who, role=role: accounts.set_role(tx, pairs[who].user.id, role)
        )  # type: ignore[misc]
    owner = pairs["ana"].user.id
    sound = await peer.relay.engines.objects.put(b"of no kind")
    posts = [await peer.relay.db.write(lambda tx: new_post(tx, owner, sha256=sound)) for _ in range(3)]
    tokens = {who: pair.access_token for who, pair in pairs.items()}
    loops = [await peer.relay.db.write(lambda tx: new_loop(tx, owner)) for _ in range(3)]
    said = await peer.ask(f"/audio/{posts[0]}/comments", {"text": "x"}, tokens["ben"])
    await peer.ask("/reports", {"kind": "post", "id": posts[1], "reason": "spam"}, tokens["ben"])
    users = [*names.values(), *(pair.user.id for pair in pairs.values())]
    known = {
        "post_id": [*posts, *loops],
        "creation_id": loops,
        "comment_id": [said.json()["id"]],
        "name": users,
        "username": list(names.values()),
        "device_id": [pair.device_id for pair in pairs.values()],
        "tag": ["loop"],
        "n": ["1", "2"],
    }
    return tokens, known


def request_of(row: AnyRow, maker: Maker) -> dict[str, Any]:
    """Of httpx."""
    names = re.findall(r"\{(\w+)\}", path_of(row))
    path = path_of(row).format(
        **{name: quote(maker.parameter(name), safe="", errors="replace") for name in names}
    )
    asked: dict[str, Any] = {"method": method_of(row), "url": path}
    if isinstance(row, Page):
        if row.query is not None:
            asked["params"] = _query(maker.struct(row.query))
        if row.form:
            asked["data"] = {name: _sayable(str(maker.chance.choice([*WORDS, *ODD]))) for name in FORM}
        return asked
    operation = row.operation
    if operation.query is not Nothing:
        asked["params"] = _query(maker.struct(operation.query))
    if operation.keyed:
        asked["headers"] = {"idempotency-key": secrets.token_hex(16)}
    if operation.body is UploadForm:
        asked["files"] = {"audio": ("a", maker.chance.randbytes(99))}
        asked["data"] = {"bpm": str(maker.value(inspect.FloatType(ge=1.0, le=300.0)))}
    elif operation.streamed:
        asked["content"] = maker.chance.randbytes(maker.chance.randint(0, 99))
    elif operation.body is not Nothing:
        asked["content"] = msgspec.json.encode(_sayable(maker.struct(operation.body)))
        asked["headers"] = asked.get("headers", {}) | {"content-type": "application/json"}
    return asked


def _sayable(value: Any) -> Any:  # any: JSON
    """Without what no encoder of JSON says."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_sayable(each) for each in value]
        case dict():
            return {_sayable(name): _sayable(each) for name, each in value.items()}
        case int() if abs(value) >= 1 << 64:
            return float(value)
    return value


def _query(fields: Mapping[str, Any]) -> dict[str, str]:
    said = {name: "" if value is None else str(value) for name, value in fields.items()}
    return {name: _sayable(value)[:2000] for name, value in said.items()}


def check(row: AnyRow, answer: httpx.Response, asked: object) -> None:
    where = (method_of(row), path_of(row), asked, answer.text[:500])
    assert answer.status_code < 500, where
    if isinstance(row, Page) or answer.status_code in (304, 307):
        return
    if answer.status_code >= 400:
        problem = msgspec.json.decode(answer.content, type=Problem)
        assert problem.status == answer.status_code and problem.detail, where
    elif answer.headers.get("content-type", "").startswith("text/csv"):
        assert "format=csv" in row.operation.text, where
    elif row.operation.reply not in (AudioBytes, Nothing):
        msgspec.json.decode(answer.content, type=row.operation.reply)


async def test_no_operation_answers_with_a_fault_of_its_own(tmp_path: Path) -> None:
    await ask_all(tmp_path / "data", "")


@pytest.mark.slow
async def test_none_does_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    with schema_of(postgres) as schema:
        await ask_all(tmp_path / "data", postgres.url(schema))


async def ask_all(data: Path, database_url: str) -> None:
    """Each row, CASES times, as somebody or nobody."""
    async with unlimited_relay_in_memory(data, database_url) as peer:
        fixed = {(method_of(row), path_of(row)): row for row in peer.relay.rows}
        for number, row in enumerate(peer.relay.rows):
            if method_of(row) == "HEAD":
                continue  # it has no body that says why; test_relay_heads.py holds it to GET
            tokens, known = await scene(peer)
            maker = Maker(random.Random(SEED * 100_003 + number), known)
            is_slow = isinstance(row, Row) and row.operation.streamed
            for _ in range(min(CASES, SLOW_CASES) if is_slow else CASES):
                asked = request_of(row, maker)
                who = maker.chance.choice([None, *tokens.values()])
                headers = asked.pop("headers", {}) | ({"authorization": f"Bearer {who}"} if who else {})
                answer = await peer.http.request(**asked, headers=headers)
                check(fixed.get((asked["method"], asked["url"]), row), answer, asked)  # /me is no id
