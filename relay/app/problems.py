"""Refusals and the framework's errors as RFC 9457 problem documents. Nothing here decides anything."""

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ExceptionHandlersMap

from relay.core.refusal import Code, Refusal
from relay.wire.rest import Problem
from relay.wire.tus import CHECKSUM_MISMATCH, VERSION

log = logging.getLogger("relay")

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
    "csrf": (403, "Not from our page"),
    "dev_mode_only": (403, "Only in development"),
    "not_found": (404, "Not found"),
    "device_unknown": (404, "Unknown device"),
    "method_not_allowed": (405, "Method not allowed"),
    "device_claimed": (409, "Device belongs to somebody"),
    "upload_running": (409, "Still being made"),
    "upload_incomplete": (409, "Not all here yet"),
    "upload_taken_over": (409, "Taken over"),
    "offset_mismatch": (409, "Another offset"),
    "too_slow": (408, "Too slow"),
    "gone": (410, "Gone"),
    "tus_version": (412, "Another version of tus"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "range_not_satisfiable": (416, "Range not satisfiable"),
    "misdirected": (421, "Asked by another name"),
    "validation": (422, "Invalid value"),
    "idempotency_mismatch": (422, "Key used for something else"),
    "sha256_mismatch": (422, "Audio damaged on the way"),
    "audio_refused": (422, "Audio not usable"),
    "rate_limited": (429, "Too many requests"),
    "checksum_mismatch": (CHECKSUM_MISMATCH, "Damaged on the way"),
    "internal": (500, "Our mistake"),
    "busy": (503, "Busy"),
}
_BY_STATUS: dict[int, Code] = {
    401: "sign_in_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}
MEDIA_TYPE = "application/problem+json"
AnyRequest = Request[Any, Any, Any]  # our handlers never look at the framework's user, auth or state types


def problem(refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    status, title = STATUS[refusal.code]
    body = Problem(
        title=title, status=status, code=refusal.code, detail=refusal.detail, next_step=refusal.next_step
    )
    headers: dict[str, str] = {}
    if refusal.retry_after_s is not None:
        headers["retry-after"] = str(refusal.retry_after_s)
    if refusal.code in ("too_large", "too_slow"):
        headers["connection"] = "close"  # or the rest of the body would still be read, and thrown away
    if refusal.code == "tus_version":
        headers["tus-version"] = VERSION
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return status, headers, msgspec.json.encode(body)


def _respond(refusal: Refusal) -> Response[bytes]:
    status, headers, body = problem(refusal)
    return Response(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def on_refusal(_: AnyRequest, refusal: Refusal) -> Response[bytes]:
    return _respond(refusal)


def on_invalid(_: AnyRequest, error: ValidationException) -> Response[bytes]:
    extra = error.extra if isinstance(error.extra, list) else []
    first = extra[0] if extra and isinstance(extra[0], dict) else {}
    where = str(first.get("key", ""))
    what = str(first.get("message", "a value is outside its limits"))
    return _respond(
        Refusal("validation", f"{where}: {what}" if where else what, "See /api/docs for the limits.")
    )


def on_http(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = "malformed" if error.status_code < HTTP_500_INTERNAL_SERVER_ERROR else "internal"
    details = {"not_found": "There is nothing at this address.", "malformed": "The request cannot be read."}
    refused = _respond(Refusal(code, details.get(code, STATUS[code][1] + ".")))
    if error.headers and "Allow" in error.headers:
        refused.headers["allow"] = error.headers["Allow"]
    return refused


def on_unreadable(_: AnyRequest, __: RecursionError | UnicodeDecodeError) -> Response[bytes]:
    return _respond(Refusal("malformed", "The request is nested too deeply, or not UTF-8."))


def on_anything(request: AnyRequest, error: Exception) -> Response[bytes]:
    log.error("unexpected in %s %s", request.method, request.url.path, exc_info=error)
    return _respond(Refusal("internal", "Something went wrong on our side.", "Try again; it has been noted."))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Refusal: on_refusal,
    ValidationException: on_invalid,
    NotFoundException: on_http,
    MethodNotAllowedException: on_http,
    ClientException: on_http,
    HTTPException: on_http,
    RecursionError: on_unreadable,
    UnicodeDecodeError: on_unreadable,
    Exception: on_anything,
}
