"""The files of the site, under names that change with their content, and with that of what they import."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable

from msgspec import Struct

from relay.app.compressing import packed

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_IMPORT = re.compile(r'(?:(?<=from )|(?<=import\())"\./([a-z_]+\.js)"')


class StaticFile(Struct, frozen=True, kw_only=True):
    """One file of the site, as it is sent. packed: in gzip."""

    name: str
    data: bytes
    packed: bytes
    media_type: str


def static_files(home: Traversable) -> dict[str, StaticFile]:
    """By their plain names. A file of a folder has the folder's before its own, and a dash: studio/page.js is studio-page.js. [any]"""
    found: dict[str, StaticFile] = {}
    for each in home.iterdir():
        if each.is_dir():
            found.update(_folder(each.name, {file.name: file.read_bytes() for file in each.iterdir()}))
        else:
            found[each.name] = _named(each.name, each.read_bytes())
    return found


def _folder(folder: str, sources: Mapping[str, bytes]) -> Iterator[tuple[str, StaticFile]]:
    """Modules import each other by relative names; what they import is named first, so a circle of them cannot be."""
    done: dict[str, StaticFile] = {}

    def made(name: str, importers: tuple[str, ...] = ()) -> StaticFile:
        if name in importers:
            raise ValueError(f"Modules that import each other: {' '.join((*importers, name))}.")
        if name not in done:

            def said(found: re.Match[str]) -> str:
                return f'"./{made(found[1], (*importers, name)).name}"'

            data = sources[name]
            if name.endswith(".js"):
                data = _IMPORT.sub(said, data.decode()).encode()
            done[name] = _named(f"{folder}-{name}", data)
        return done[name]

    for name in sources:
        yield f"{folder}-{name}", made(name)


def _named(name: str, data: bytes) -> StaticFile:
    stem, _, ending = name.rpartition(".")
    return StaticFile(
        name=f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}",
        data=data,
        packed=packed(data),
        media_type=_TYPES[ending],
    )
