"""Audio files that a person names: read whole, or refused with a sentence. Not the library's own files."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import BadAudio

if TYPE_CHECKING:  # numpy and the codecs stand behind it
    from audio.read.clip import Clip


def shown(path: str | Path) -> str:
    """A path as text that any terminal, tag and JSON may hold: names that are not UTF-8 are read as Latin-1."""
    raw = os.fsencode(path)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_clip(source: Path) -> "Clip":
    """Raises BadAudio."""
    from audio.errors import AudioError
    from audio.read.clip import MAX_FILE_BYTES
    from audio.read.reader import read_audio

    name = shown(source)
    try:
        if source.exists() and not source.is_file():
            raise BadAudio(f"{name} is no file.", "Name a WAV, FLAC, AIFF, Ogg or MP3 file.")
        if source.stat().st_size > MAX_FILE_BYTES:
            raise BadAudio(
                f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB.", "Cut it, and try again."
            )
        return read_audio(source.read_bytes())
    except AudioError as error:
        raise BadAudio(f"{name}: {error}") from error
    except MemoryError as error:
        raise BadAudio(f"{name} needs more memory than there is.", "Cut it, and try again.") from error
    except OSError as error:
        raise BadAudio(f"{name} cannot be read: {error.strerror}.", "Check the path.") from error
