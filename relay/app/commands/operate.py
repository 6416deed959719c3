"""How a command reaches a relay that serves, or its database where none does."""

import asyncio
from pathlib import Path

import msgspec

from relay.app.commands.stores import data_folder, opened_database
from relay.app.config import Config
from relay.app.operating import Question, Refused, Reply, answer, decode_reply, encode
from relay.engine.data_folder import DataInUse
from relay.engine.operator_socket import ask


class NotDone(Exception):
    """What was asked for was refused, in a sentence."""


def operate(config: Config, question: Question) -> Reply:
    """Raises NotDone, DataInUse where the relay that serves does not answer, DatabaseError, FolderOpen, OSError."""
    try:
        with data_folder(config):
            reply = asyncio.run(_on_database(config, question))
    except DataInUse:
        reply = _served(config.data, question)
    if isinstance(reply, Refused):
        raise NotDone(reply.sentence)
    return reply


async def _on_database(config: Config, question: Question) -> Reply:
    async with opened_database(config) as db:
        base_url = config.public_url
        return await answer(db, base_url and base_url.rstrip("/"), question)


def _served(folder: Path, question: Question) -> Reply:
    try:
        return decode_reply(ask(folder, encode(question)))
    except (OSError, msgspec.DecodeError):
        raise DataInUse(folder) from None
