"""Refusals as RFC 9457 problem documents. Nothing here decides anything."""

import msgspec
from msgspec.structs import asdict

from relay.core.refusal import Code, Refusal
from relay.wire.misfits import in_words
from relay.wire.rest import EnvelopedProblem, Fault, Problem
from relay.wire.tus import CHECKSUM_MISMATCH, VERSION

STATUS: dict[Code, tuple[int, str]] = {
    "malformed": (400, "Malformed request"),
    "cursor_invalid": (400, "Unknown cursor"),
    "idempotency_key_required": (400, "Idempotency-Key needed"),
    "sign_in_required": (401, "Sign in first"),
    "token_invalid": (401, "Invalid token"),
    "token_expired": (401, "Token ended"),
    "token_reused": (401, "Token used twice"),
    "challenge_invalid": (401, "Invalid challenge"),
    "signature_invalid": (401, "Invalid signature"),
    "forbidden": (403, "Not allowed"),
    "account_suspended": (403, "Suspended"),
    "account_required": (403, "Needs an account"),
    "csrf": (403, "Not from our page"),
    "dev_mode_only": (403, "Only in development"),
    "not_found": (404, "Not found"),
    "device_unknown": (404, "Unknown device"),
    "method_not_allowed": (405, "Method not allowed"),
    "device_claimed": (409, "Device belongs to somebody"),
    "version_conflict": (409, "Saved meanwhile"),
    "upload_running": (409, "Still being made"),
    "upload_incomplete": (409, "Not all here yet"),
    "upload_taken_over": (409, "Taken over"),
    "offset_mismatch": (409, "Another offset"),
    "too_slow": (408, "Too slow"),
    "gone": (410, "Gone"),
    "tus_version": (412, "Another version of tus"),
    "too_large": (413, "Too large"),
    "quota_exceeded": (413, "Over your quota"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "range_not_satisfiable": (416, "Range not satisfiable"),
    "misdirected": (421, "Asked by another name"),
    "validation": (422, "Invalid value"),
    "idempotency_mismatch": (422, "Key used for something else"),
    "sha256_mismatch": (422, "Audio damaged on the way"),
    "audio_refused": (422, "Audio not usable"),
    "picture_refused": (422, "Picture not usable"),
    "model_unavailable": (422, "No such model here"),
    "source_needed": (422, "A sound is needed"),
    "target_refused": (422, "Nothing is fetched there"),
    "cancelled": (422, "Cancelled"),
    "rate_limited": (429, "Too many requests"),
    "checksum_mismatch": (CHECKSUM_MISMATCH, "Damaged on the way"),
    "internal": (500, "Our mistake"),
    "busy": (503, "Busy"),
}
HEADINGS: dict[Code, str] = {
    "malformed": "This cannot be read",
    "token_invalid": "Start again",
    "method_not_allowed": "Nothing to see here",
    "validation": "This does not go",
    "rate_limited": "Too often",
}
"""Of a page, where the title is a word of the interface that says nothing to who reads it in a browser."""
_IN_ENVELOPE: dict[Code, str] = {
    **dict.fromkeys(("sign_in_required", "token_invalid", "token_expired"), "AUTH_REQUIRED"),
    **dict.fromkeys(("forbidden", "account_suspended", "account_required"), "UNAUTHORIZED"),
    **dict.fromkeys(("validation", "malformed", "unsupported_media_type"), "VALIDATION_ERROR"),
    "rate_limited": "RATE_LIMIT_EXCEEDED",
}
"""Where the other interface has a word of its own; all else is called as here, in capitals."""
MEDIA_TYPE = "application/problem+json"
LIMITS_HINT = "See /api/docs for the limits."


def problem(refusal: Refusal, missing: str = "") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. missing: of the operation, whose answers are in an envelope then."""
    status, title = STATUS[refusal.code]
    body = Problem(
        title=title, status=status, code=refusal.code, detail=refusal.detail, next_step=refusal.next_step
    )
    if missing:
        fault = Fault(code=_in_envelope(refusal.code, missing), message=str(refusal))
        body = EnvelopedProblem(**asdict(body), error=fault)
    return status, headers_of(refusal), msgspec.json.encode(body)


def _in_envelope(code: Code, missing: str) -> str:
    return missing if STATUS[code][0] in (404, 410) else _IN_ENVELOPE.get(code, code.upper())


def headers_of(refusal: Refusal) -> dict[str, str]:
    """What an answer of no says besides its body. [any]"""
    headers: dict[str, str] = {}
    if refusal.retry_after_s is not None:
        headers["retry-after"] = str(refusal.retry_after_s)
    if refusal.whole_bytes is not None:
        headers["content-range"] = f"bytes */{refusal.whole_bytes}"  # RFC 9110, 15.5.17
    if refusal.code in ("too_large", "too_slow"):
        headers["connection"] = "close"  # or the rest of the body would still be read, and thrown away
    if refusal.code == "tus_version":
        headers["tus-version"] = VERSION
    if STATUS[refusal.code][0] == 401:
        headers["www-authenticate"] = "Bearer"
    return headers


def invalid(error: msgspec.ValidationError, what: str) -> Refusal:
    """A value outside its limits, in words. what: it is of, such as "body". [any]"""
    return Refusal("validation", in_words(error, f"The {what}"), LIMITS_HINT)
