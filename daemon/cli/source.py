"""Audio files that a person names: read whole, or refused with a sentence. Not the library's own files."""

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import BadAudio

if TYPE_CHECKING:  # numpy and the codecs stand behind it
    from audio.read.clip import Clip


def read_clip(source: Path) -> "Clip":
    """Raises BadAudio."""
    from audio.errors import AudioError
    from audio.read.clip import MAX_FILE_BYTES
    from audio.read.reader import read_audio

    try:
        if source.exists() and not source.is_file():
            raise BadAudio(f"{source} is no file.", "Name a WAV, FLAC, AIFF, Ogg or MP3 file.")
        if source.stat().st_size > MAX_FILE_BYTES:
            raise BadAudio(
                f"{source} is larger than {MAX_FILE_BYTES // 1_000_000} MB.", "Cut it, and try again."
            )
        return read_audio(source.read_bytes())
    except AudioError as error:
        raise BadAudio(f"{source}: {error}") from error
    except MemoryError as error:
        raise BadAudio(f"{source} needs more memory than there is.", "Cut it, and try again.") from error
    except OSError as error:
        raise BadAudio(f"{source} cannot be read: {error.strerror}.", "Check the path.") from error
