"""Why the relay says no, as one exception with a stable code. Status numbers and headers are the app's business."""

from typing import Literal

Code = Literal[
    "malformed",
    "validation",
    "sign_in_required",
    "token_invalid",
    "token_expired",
    "token_reused",
    "forbidden",
    "account_suspended",
    "account_required",
    "csrf",
    "not_found",
    "method_not_allowed",
    "too_large",
    "quota_exceeded",
    "too_slow",
    "misdirected",
    "unsupported_media_type",
    "range_not_satisfiable",
    "rate_limited",
    "challenge_invalid",
    "signature_invalid",
    "device_unknown",
    "device_claimed",
    "dev_mode_only",
    "idempotency_key_required",
    "idempotency_mismatch",
    "version_conflict",
    "upload_running",
    "sha256_mismatch",
    "upload_incomplete",
    "upload_taken_over",
    "offset_mismatch",
    "checksum_mismatch",
    "gone",
    "tus_version",
    "audio_refused",
    "picture_refused",
    "model_unavailable",
    "source_needed",
    "target_refused",
    "cancelled",
    "cursor_invalid",
    "busy",
    "internal",
]


class Refusal(Exception):
    """code: stable; detail: what happened, to what; next_step: what to do; retry_after_s: when, if that helps.

    whole_bytes: how long that is of which a range was asked for that it does not have. way: path and words of the button that
    takes the next step, on a page.
    """

    def __init__(
        self,
        code: Code,
        detail: str,
        next_step: str = "",
        *,
        retry_after_s: int | None = None,
        whole_bytes: int | None = None,
        way: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code: Code = code
        self.detail = detail
        self.next_step = next_step
        self.retry_after_s = retry_after_s
        self.whole_bytes = whole_bytes
        self.way = way

    def __str__(self) -> str:
        return f"{self.detail} {self.next_step}".strip()
