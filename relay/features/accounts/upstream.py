"""Signing in by way of somebody else: authorization code with PKCE, state and nonce, at providers of the configuration.

authlib does the protocol and is imported only where a provider is configured. What is pending lies in the database, bound
to the browser that began by a cookie: nobody can be made to finish a sign-in that another began, and whichever process of
the relay the browser comes back to can finish it.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts.providers import MAX_SUBJECT_CHARS, Kind, Known, Upstream

log = logging.getLogger("relay")

PENDING_US = 600_000_000
MAX_PENDING = 10_000
CALL_LIMIT_S = 10.0
ALGORITHMS = ["RS256", "ES256"]
LEEWAY_S = 30
Json = dict[str, Any]  # any: documents of strangers, each field checked where it is used


class Begun(Struct, frozen=True, kw_only=True):
    """location: where the browser goes. browser: its cookie until it is back."""

    location: str
    browser: str


class Finished(Struct, frozen=True, kw_only=True):
    """A sign-in by a provider that came to its end: who it is, and the path of ours to go on to.

    link_to: the account that was to be linked with who it is; None: they are to be signed in. invite_hash: what they began with.
    """

    known: Known
    title: str
    next_path: str
    link_to: str | None
    invite_hash: bytes | None


class _Pending(Struct, frozen=True, kw_only=True):
    verifier: str
    nonce: str
    next_path: str
    link_to: str | None
    invite_hash: bytes | None


class _Endpoints(Struct, frozen=True, kw_only=True):
    issuer: str
    authorize: str
    token: str
    keys: str  # of an OIDC provider; else the profile
    says_iss: bool


class Upstreams:
    """base_url: this relay's, where browsers come back to. [loop]"""

    def __init__(self, db: Database, configured: tuple[Upstream, ...], base_url: str) -> None:
        self._db = db
        self.configured = {each.name: each for each in configured}
        self._base_url = base_url
        self._endpoints: dict[str, _Endpoints] = {}

    async def begin(
        self, name: str, next_path: str, *, link_to: str | None = None, invite_hash: bytes | None = None
    ) -> Begun:
        """link_to: an account, where it begins to be linked and not to sign in. Raises Refusal: validation, busy."""
        upstream = self._configured(name)
        endpoints = await self._find_endpoints(upstream)
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        pending = _Pending(
            verifier=secrets.token_urlsafe(48),
            nonce=secrets.token_urlsafe(32),
            next_path=next_path,
            link_to=link_to,
            invite_hash=invite_hash,
        )
        await self._db.write(lambda tx: _begin(tx, name, state, browser, pending))
        async with self._client(upstream) as client:
            location, _ = client.create_authorization_url(
                endpoints.authorize, state=state, nonce=pending.nonce, code_verifier=pending.verifier
            )
        return Begun(location=location, browser=browser)

    async def finish(self, name: str, query: Mapping[str, str], browser: str) -> Finished:
        """Who came back. Raises Refusal: validation, token_invalid, busy."""
        upstream = self._configured(name)
        pending = await self._db.write(lambda tx: _finish(tx, name, query.get("state", ""), browser))
        if pending is None:
            raise _invalid("This sign-in was not begun in this browser, or too long ago.")
        endpoints = await self._find_endpoints(upstream)
        if (endpoints.says_iss or "iss" in query) and query.get("iss") != endpoints.issuer:
            raise _invalid("This answer is of another server.")  # mix-up, RFC 9207
        if "code" not in query:
            raise _invalid(f"{upstream.title} did not sign you in.")
        known = await self._known(upstream, endpoints, pending, query["code"])
        return Finished(
            known=known,
            title=upstream.title,
            next_path=pending.next_path,
            link_to=pending.link_to,
            invite_hash=pending.invite_hash,
        )

    async def _known(self, upstream: Upstream, endpoints: _Endpoints, pending: _Pending, code: str) -> Known:
        """Who the provider says that came back. Raises Refusal: token_invalid."""
        try:
            async with asyncio.timeout(CALL_LIMIT_S), self._client(upstream) as client:
                tokens = await client.fetch_token(endpoints.token, code=code, code_verifier=pending.verifier)
                if upstream.kind is Kind.OIDC:
                    keys = await self._get(client, endpoints.keys)
                    claims = _checked(tokens, keys, upstream, endpoints.issuer, pending.nonce)
                    suggestion = claims.get("preferred_username") or claims.get("name")
                    return _known(endpoints.issuer, claims["sub"], suggestion)
                answer = await client.get(endpoints.keys)
                answer.raise_for_status()
                profile = answer.json()
                suggestion = profile.get(upstream.paths.name if upstream.paths else "")
                return _known(endpoints.issuer, profile["id"], suggestion)
        except Refusal:
            raise
        except Exception as error:
            log.warning("%s did not confirm a sign-in: %r", upstream.title, error)
            raise _invalid(
                f"{upstream.title} did not confirm who you are ({type(error).__name__})."
            ) from error

    def redirect_uri(self, name: str) -> str:
        return f"{self._base_url}/sign-in/{name}/callback"

    def _configured(self, name: str) -> Upstream:
        if name not in self.configured:
            raise Refusal("validation", "This relay does not know that way to sign in.")
        return self.configured[name]

    def _client(self, upstream: Upstream) -> Any:  # any: authlib has no types
        import warnings

        import authlib.deprecate  # type: ignore[import-untyped]  # noqa: F401  # it sets a filter of its own, so first

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that httpx will once be called httpx2
            from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

        return AsyncOAuth2Client(
            client_id=upstream.client_id,
            client_secret=upstream.client_secret,
            redirect_uri=self.redirect_uri(upstream.name),
            scope=upstream.scope,
            code_challenge_method="S256",
            timeout=CALL_LIMIT_S,
            follow_redirects=False,
            trust_env=False,
        )

    async def _find_endpoints(self, upstream: Upstream) -> _Endpoints:
        """Found once, then remembered. Raises Refusal: busy."""
        if upstream.name in self._endpoints:
            return self._endpoints[upstream.name]
        base = upstream.base
        if (paths := upstream.paths) is not None:
            found = _Endpoints(
                issuer=upstream.issuer,
                authorize=base + paths.authorize,
                token=base + paths.token,
                keys=paths.profile if "://" in paths.profile else base + paths.profile,
                says_iss=False,
            )
        else:
            try:
                async with asyncio.timeout(CALL_LIMIT_S), self._client(upstream) as client:
                    said = await self._get(client, f"{base}/.well-known/openid-configuration")
                found = _Endpoints(
                    issuer=said["issuer"],
                    authorize=said["authorization_endpoint"],
                    token=said["token_endpoint"],
                    keys=said["jwks_uri"],
                    says_iss=said.get("authorization_response_iss_parameter_supported") is True,
                )
            except (
                Exception
            ) as error:  # authlib, httpx and JSON each have a tree of their own; all mean the same
                log.warning("%s cannot be asked: %r", upstream.title, error)
                raise Refusal("busy", f"{upstream.title} does not answer.", "Try again later.") from error
            if found.issuer != base:
                raise Refusal("busy", f"{upstream.title} calls itself something else.", "Try again later.")
        self._endpoints[upstream.name] = found
        return found

    async def _get(self, client: Any, url: str) -> Json:
        answer = await client.request("GET", url, withhold_token=True)
        answer.raise_for_status()
        document: Json = answer.json()
        return document


def _checked(tokens: Json, keys: Json, upstream: Upstream, issuer: str, nonce: str) -> Json:
    """The claims of an id token (OpenID Connect Core, 3.1.3.7). Raises Refusal."""
    from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]

    try:
        read = jwt.decode(tokens["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _invalid("The id token is not signed as it should be.") from error
    rules = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": upstream.client_id},
    }
    token = CodeIDToken(read.claims, read.header, rules, {"nonce": nonce, "client_id": upstream.client_id})
    token.validate(leeway=LEEWAY_S)
    return dict(read.claims)


def _known(issuer: str, subject: object, suggestion: object) -> Known:
    """subject: text, or the number that some providers have in its place."""
    if isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARS:
        raise _invalid("The provider names nobody.")
    return Known(issuer=issuer, subject=subject, suggestion=suggestion if isinstance(suggestion, str) else "")


def _invalid(sentence: str) -> Refusal:
    return Refusal("token_invalid", sentence, "Start again from the page you came from.")


def _begin(tx: Tx, name: str, state: str, browser: str, pending: _Pending) -> None:
    now = now_us()
    tx.db.execute("DELETE FROM pending_sign_in WHERE expires_us <= ?", (now,))
    waiting: int = tx.db.execute("SELECT count(*) FROM pending_sign_in").fetchone()[0]
    if waiting >= MAX_PENDING:
        raise Refusal("busy", "Too many sign-ins are under way.", "Try again in a few minutes.")
    tx.db.execute(
        "INSERT INTO pending_sign_in (state_hash, provider, browser_hash, verifier, nonce, next_path, link_to, invite_hash, expires_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            hash_of(state),
            name,
            hash_of(browser),
            pending.verifier,
            pending.nonce,
            pending.next_path,
            pending.link_to,
            pending.invite_hash,
            now + PENDING_US,
        ),
    )


def _finish(tx: Tx, name: str, state: str, browser: str) -> _Pending | None:
    """What began it; it is used up, whoever asks."""
    found = tx.db.execute(
        "DELETE FROM pending_sign_in WHERE state_hash = ?"
        " RETURNING provider, browser_hash, verifier, nonce, next_path, link_to, invite_hash, expires_us",
        (hash_of(state),),
    ).fetchone()
    if found is None:
        return None
    provider, browser_hash, verifier, nonce, next_path, link_to, invite_hash, expires_us = found
    if provider != name or browser_hash != hash_of(browser) or expires_us <= now_us():
        return None
    return _Pending(
        verifier=verifier,
        nonce=nonce,
        next_path=next_path,
        link_to=link_to,
        invite_hash=invite_hash and bytes(invite_hash),
    )
