"""Links to a post's sound that open without signing in, for an hour at most.

A link is by somebody's right: it is made where that person would be sent the sound themselves, and asked again when it is followed. So what was deleted,
hidden or blocked meanwhile is not reached by a link from before, and neither is anything by a link of somebody who is suspended.
"""

import hmac
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from relay.core.access import Action, Actor
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.features.accounts import api as accounts
from relay.features.creations.media import EMBEDDED, PRIVATE, Bytes, Media
from relay.wire.operation import Nothing, VersionQuery
from relay.wire.signed_links import FOLLOW_LINK, SIGN_LINK, NewSignedLink, SignedLink, SignedQuery, SoundFile


class Signer:
    """seed: 32 bytes that all processes of the relay have. [any]"""

    def __init__(self, seed: bytes) -> None:
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=b"", info=b"sidechain relay: signed links")
        self._key = derive.derive(seed)

    def sign(self, post_id: str, file: str, by: str, expires_s: int) -> str:
        """64 hex digits."""
        said = f"{post_id}\n{file}\n{by}\n{expires_s}"
        return hmac.digest(self._key, said.encode(), "sha256").hex()

    def require(self, post_id: str, said: SignedQuery, now_us: int) -> None:
        """Raises Refusal: forbidden."""
        signed = self.sign(post_id, said.file, said.by, said.expires)
        if not hmac.compare_digest(signed, said.signature):
            raise Refusal("forbidden", "This link was not made here, or was changed.", "Ask for a new one.")
        if said.expires * 1_000_000 <= now_us:
            raise Refusal("forbidden", "This link is over.", "Ask whoever gave it to you for a new one.")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedLinks:
    """[loop]"""

    media: Media
    signer: Signer
    base_url: str

    async def sign(self, call: Call[NewSignedLink, Nothing]) -> SignedLink:
        post_id, by, file = call.path["post_id"], call.account_id, call.body.file
        await self._sound(
            self.media, call, call.actor, file, head=True
        )  # nothing that refuses them is linked
        expires_s = now_us() // 1_000_000 + call.body.expires_in
        signature = self.signer.sign(post_id, file, by, expires_s)
        query = urlencode({"file": file, "by": by, "expires": expires_s, "signature": signature})
        return SignedLink(
            url=f"{self.base_url}{FOLLOW_LINK.at(post_id=post_id)}?{query}",
            expires_at=rfc3339(expires_s * 1_000_000),
        )

    async def follow(self, call: Call[Nothing, SignedQuery]) -> Bytes:
        now, said = now_us(), call.query
        self.signer.require(call.path["post_id"], said, now)
        if said.by not in await self.media.db.read(lambda db: accounts.present(db, [said.by])):
            raise Refusal("forbidden", "This link is over.", "Whoever made it is here no more.")
        left_s = said.expires - now // 1_000_000
        media = replace(self.media, audio_links_s=min(self.media.audio_links_s, left_s))
        answer = await self._sound(media, call, Actor(user_id=said.by), said.file, head=call.head)
        kept = {"cache-control": PRIVATE} if "cache-control" in answer.headers else {}
        return replace(answer, headers={**answer.headers, **kept, **EMBEDDED})

    async def _sound(
        self, media: Media, call: Call[Any, Any], actor: Actor, file: SoundFile, *, head: bool
    ) -> Bytes:
        """What actor would be sent. call: of whatever body and query."""
        own = msgspec.structs.replace(call, actor=actor, query=VersionQuery(), head=head)
        match file:
            case "mp3":
                return await media.mp3(own)
            case "flac":
                return await media.flac(own)
            case "download":
                return await media.download(own)
            case _:
                return await media.stem(own, file)

    def rows(self) -> list[AnyRow]:
        return [
            Row(SIGN_LINK, Action.LINK_SIGN, self.sign),
            Row(FOLLOW_LINK, Action.POST_READ, self.follow, limit=Kind.MEDIA),
        ]
