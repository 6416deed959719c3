"""Access tokens that the relay did not give, each sent to a real one by REST and by WebSocket: 401, every time.

Whatever can be made wrong one at a time is wrong in one of them, also with the relay's own key: what a bug in the making
of tokens, or a token of another kind, would look like.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwe, jwt
from joserfc.jwk import OctKey, OKPKey
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from relay.wire.events import SUBPROTOCOL_MSGPACK
from tests.support.relay import CALL_LIMIT_S, RelayClient, RelayProcess, running_relay

ALG = "Ed25519"


class Forge:
    """A relay, its key, and a good token of it."""

    def __init__(self, relay: RelayProcess, client: RelayClient) -> None:
        assert client.pair is not None
        self.relay = relay
        self.key = OKPKey.import_key((relay.data / "signing-key.pem").read_bytes())
        self.other = OKPKey.generate_key("Ed25519", private=True)
        self.good = client.pair.access_token
        self.refresh = client.pair.refresh_token
        self.ticket = str(client.http.post("/auth/ws-ticket").json()["ticket"])
        self.session_ended = ""
        head, body, self.signature = self.good.split(".")
        self.header: dict[str, Any] = json.loads(unb64(head))
        self.claims: dict[str, Any] = json.loads(unb64(body))

    def signed(
        self, key: OKPKey | None = None, *, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token like the good one, but for what is named; None leaves a claim out."""
        said = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        head = {**self.header, **(header or {})}
        signer = (key or self.key).private_key
        assert signer is not None
        text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
        return f"{text}.{b64(signer.sign(text.encode()))}"  # by hand: a library would not make most of these

    def raw(self, head: dict[str, Any], body: dict[str, Any], signature: bytes) -> str:
        return f"{b64(json.dumps(head).encode())}.{b64(json.dumps(body).encode())}.{b64(signature)}"

    def by_secret(self, secret: bytes) -> str:
        """HMAC with what everybody may know: the confusion of key kinds (RFC 8725, 2.1)."""
        said = self.raw({**self.header, "alg": "HS256"}, self.claims, b"").rstrip(".")
        return f"{said}.{b64(hmac.digest(secret, said.encode(), hashlib.sha256))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def flipped(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


NOW_S = int(time.time())

FORGED: dict[str, Callable[[Forge], str]] = {
    "rubbish": lambda f: "rubbish",
    "two dots and nothing": lambda f: "..",
    "the signature cut": lambda f: f.good[:-8],
    "no signature": lambda f: f.good.rpartition(".")[0] + ".",
    "a bit of the signature": lambda f: flipped(f.good, len(f.good) - 20),
    "another person under the old signature": lambda f: f.raw(
        f.header, {**f.claims, "sub": "0" * 32}, unb64(f.signature)
    ),
    "a longer life under the old signature": lambda f: f.raw(
        f.header, {**f.claims, "exp": NOW_S + 10**6}, unb64(f.signature)
    ),
    "alg none": lambda f: f.raw({**f.header, "alg": "none"}, f.claims, b""),
    "alg nOnE": lambda f: f.raw({**f.header, "alg": "nOnE"}, f.claims, b""),
    "no alg": lambda f: f.signed(header={"alg": ""}),
    "the public key's text as a secret": lambda f: f.by_secret(f.key.as_pem(private=False)),
    "the public key's bytes as a secret": lambda f: f.by_secret(unb64(str(f.key.as_dict()["x"]))),
    "an empty secret": lambda f: f.by_secret(b""),
    "another key of the same name": lambda f: f.signed(f.other),
    "a key brought along": lambda f: f.signed(f.other, header={"jwk": f.other.as_dict(private=False)}),
    "a key to be fetched": lambda f: f.signed(f.other, header={"jku": "https://evil.example/keys"}),
    "a key by its path": lambda f: f.signed(f.other, header={"kid": "../../../../dev/null"}),
    "a key of another name": lambda f: f.signed(header={"kid": f.other.thumbprint()}),
    "an extension that must be understood": lambda f: f.signed(header={"crit": ["exp"]}),
    "an id token": lambda f: f.signed(header={"typ": "JWT"}),
    "a refresh token's kind": lambda f: f.signed(header={"typ": "refresh+jwt"}),
    "another issuer": lambda f: f.signed(iss="https://evil.example"),
    "for somebody else": lambda f: f.signed(aud="another-service"),
    "for several": lambda f: f.signed(aud=[f.claims["aud"], "another-service"]),
    "over": lambda f: f.signed(iat=NOW_S - 5000, exp=NOW_S - 4100),
    "endless": lambda f: f.signed(exp=None),
    "too long": lambda f: f.signed(exp=NOW_S + 10**6),
    "of tomorrow": lambda f: f.signed(iat=NOW_S + 86_400, exp=NOW_S + 86_400 + 900),
    "nobody": lambda f: f.signed(sub=None),
    "no device": lambda f: f.signed(did=None),
    "no sign-in": lambda f: f.signed(fam=None),
    "somebody by name": lambda f: f.signed(sub="admin"),
    "enciphered": lambda f: jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"}, json.dumps(f.claims), OctKey.generate_key(256)
    ),
    "a refresh token": lambda f: f.refresh,
    "a ticket": lambda f: f.ticket,
    "of an ended sign-in": lambda f: f.session_ended,
    "very long": lambda f: f.good + "A" * 4_096,
    "twice": lambda f: f"{f.good}, {f.good}",
}


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with running_relay(tmp_path_factory.mktemp("relay") / "data") as relay:
        client, ended = RelayClient(relay.url), RelayClient(relay.url)
        client.sign_in("holder")
        made = Forge(relay, client)
        made.session_ended = ended.sign_in("gone").access_token
        ended.http.post("/auth/unclaim").raise_for_status()
        yield made
        client.close()
        ended.close()


def asked(forge: Forge, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(
        forge.relay.url + "/api/v1/users/me", headers=headers, trust_env=False, timeout=CALL_LIMIT_S
    )


def opened(forge: Forge, token: str) -> int:
    """The status of an attempt to open the WebSocket; 101 when it opens."""
    try:
        with connect(
            forge.relay.url.replace("http", "ws", 1) + "/api/v1/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            proxy=None,
            subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)],
        ):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def test_the_forge_works(forge: Forge) -> None:
    """Without a change its tokens are good, so each below is refused for what it changes."""
    for token in (forge.good, forge.signed()):
        assert asked(forge, token).json()["username"] == "holder"
        assert opened(forge, token) == 101
    assert jwt.decode(forge.signed(), forge.key, algorithms=[ALG]).claims == forge.claims


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_opens_nothing(forge: Forge, how: str) -> None:
    token = FORGED[how](forge)
    answer = asked(forge, token)
    assert (answer.status_code, answer.json()["code"]) in ((401, "token_invalid"), (401, "token_expired"))
    assert "holder" not in answer.text
    assert opened(forge, token) == 401
    verified = httpx.post(
        forge.relay.url + "/api/v1/auth/verify",
        json={"token": token[:4096]},
        trust_env=False,
        timeout=CALL_LIMIT_S,
    )
    assert verified.status_code in (401, 422) and "user_id" not in verified.json()


def test_there_are_twenty_and_more() -> None:
    assert len(FORGED) >= 20
