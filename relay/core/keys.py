"""Idempotency keys: what a client sends so that repeating a request is repeating nothing."""

import re
from collections.abc import Mapping

from relay.core.refusal import Refusal

HEADER = "idempotency-key"
_KEY = re.compile(r"[0-9a-f]{32}")


def key_of(headers: Mapping[str, str]) -> str | None:
    """The key of a request; None: it has none. Raises Refusal: idempotency_key_required, for one of another form. [any]"""
    return require_key(headers) if HEADER in headers else None


def require_key(headers: Mapping[str, str]) -> str:
    """Raises Refusal: idempotency_key_required. [any]"""
    given = headers.get(HEADER)
    if given is None or _KEY.fullmatch(given) is None:
        raise Refusal(
            "idempotency_key_required",
            "The header Idempotency-Key has 32 hex digits.",
            "Send the id of your outbox entry.",
        )
    return given
