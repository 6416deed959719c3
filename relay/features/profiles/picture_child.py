"""The process that reads pictures of strangers: `python -m relay.features.profiles.picture_child`, and its forks.

It is the only part of the relay that imports Pillow. All that it needs is imported and tried before the sandbox; a fork
then reaches no file at all: the picture comes with the question, and ours go with the answer. Nothing of the file but its
pixels, turned as it says that they are to be seen, comes out again.
"""

import io

import msgspec
from PIL import Image, ImageOps
from PIL.Image import DecompressionBombError, DecompressionBombWarning, Resampling

from relay.engine.sandbox.fork_server import serve
from relay.features.profiles.pictures import Made, Refused
from relay.wire.people import AVATAR_SIZES_PX, MAX_AVATAR_PIXELS
from sandbox.limits import Limits
from sandbox.process import enter

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
GROUND = (255, 255, 255)
"""Behind what one can see through."""
QUALITY = 86
LIMITS = Limits(cpu_s=15, address_bytes=2 << 30, output_bytes=1 << 20)


def main() -> None:
    Image.MAX_IMAGE_PIXELS = MAX_AVATAR_PIXELS
    for each in FORMATS:  # a codec is opened when it is first needed
        trial = io.BytesIO()
        Image.new("RGB", (8, 8)).save(trial, each)
        ours(trial.getvalue())
    serve(_answer)


def ours(data: bytes) -> Made | Refused:
    """A square of each size, in sRGB's numbers as they came. [any]"""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_AVATAR_PIXELS:
                return Refused(
                    reason=f"A picture has at most {MAX_AVATAR_PIXELS // 1_000_000} million pixels."
                )
            picture.draft("RGB", (2 * AVATAR_SIZES_PX[-1],) * 2)  # JPEG: no larger than it is needed
            return Made(of_size=_squares(ImageOps.exif_transpose(picture)))
    except (DecompressionBombError, DecompressionBombWarning):
        return Refused(reason=f"A picture has at most {MAX_AVATAR_PIXELS // 1_000_000} million pixels.")
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError):  # what Pillow says of a damaged file
        return Refused(reason="This is no picture that can be read.")


def _squares(picture: Image.Image) -> dict[int, bytes]:
    whole = picture.convert("RGBA")
    flat = Image.new("RGB", whole.size, GROUND)
    flat.paste(whole, mask=whole)
    made: dict[int, bytes] = {}
    for size in AVATAR_SIZES_PX:
        out = io.BytesIO()
        square = ImageOps.fit(flat, (size, size), Resampling.LANCZOS)
        square.save(out, "JPEG", quality=QUALITY, optimize=True)
        made[size] = out.getvalue()
    return made


def _answer(data: bytes) -> bytes:
    """In the fork of one picture."""
    enter(limits=LIMITS)
    return msgspec.msgpack.encode(ours(data))


if __name__ == "__main__":
    main()
