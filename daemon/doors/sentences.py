"""Errors as sentences for whoever asked, whichever door they came through."""

import logging

from msgspec import Struct

from daemon.errors import SidechainError

log = logging.getLogger(__name__)

MAX_CHARACTERS = 512


class Sentence(Struct, frozen=True, kw_only=True):
    """code is stable; message says what happened, next_step what to do."""

    code: str
    message: str
    next_step: str

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.message} {self.next_step}".strip()[:MAX_CHARACTERS]


def sentence_of(error: Exception, asked: str) -> Sentence:
    """What to tell of `error`, met while `asked` was carried out. A bug must reach the person as a sentence, too. [any]"""
    if isinstance(error, SidechainError):
        return Sentence(
            code=error.code[:64],
            message=error.message[:MAX_CHARACTERS],
            next_step=error.next_step[:MAX_CHARACTERS],
        )
    log.error("%s failed", asked, exc_info=error)
    return Sentence(
        code="internal",
        message="The daemon failed at this; its log says why.",
        next_step="Try again; nothing that was kept is lost.",
    )
