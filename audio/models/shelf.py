"""The models that lie in a folder: which are ready, taking one in, taking one out. What a file is, its hash says, not its name."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from audio.errors import AudioError
from audio.models.table import MODELS, Model, ModelFile, has_runtime, needs_model

READY, ABSENT, INCOMPLETE, NO_RUNTIME, DAMAGED = "ready", "absent", "incomplete", "no runtime", "damaged"


class ModelRefused(AudioError):
    """message: what is amiss; next_step: what to do about it. is_licence: nothing but the word that it is accepted is missing."""

    def __init__(self, message: str, next_step: str = "", *, is_licence: bool = False) -> None:
        super().__init__(message, next_step)
        self.message, self.next_step, self.is_licence = message, next_step, is_licence

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class Folder(Protocol):
    """Where models lie. All of it may raise OSError."""

    def size_bytes(self, name: str) -> int | None: ...
    def read(self, name: str) -> bytes: ...
    def write(self, name: str, data: bytes) -> None: ...
    def remove(self, name: str) -> None: ...


class FileInfo(Struct, frozen=True, kw_only=True):
    """sha256: that it must have. here: whether a file of its size lies in the folder."""

    name: str
    sha256: str
    size_bytes: int
    here: bool


class ModelInfo(Struct, frozen=True, kw_only=True):
    """does: separation, notes or tags. state: ready, absent, incomplete, no runtime (what runs it is not installed) or damaged."""

    name: str
    does: str
    state: str
    says: str
    licence: str
    terms: str
    source: str
    size_bytes: int
    files: tuple[FileInfo, ...]


class Shelf:
    """[worker], but state, which looks at sizes alone"""

    def __init__(
        self,
        folder: Folder,
        models: Mapping[str, Model] = MODELS,
        is_there: Callable[[], bool] = has_runtime,
    ) -> None:
        self._folder = folder
        self.models = models
        self._has_runtime = is_there

    def state(self, name: str) -> str:
        """By sizes. Raises OSError. [any]"""
        model = self.models.get(name)
        if model is None:
            return ABSENT
        here = [self._is_here(each) for each in model.files]
        if not all(here):
            return INCOMPLETE if any(here) else ABSENT
        return NO_RUNTIME if model.runtime and not self._has_runtime() else READY

    def ready(self) -> list[str]:
        """Names of those that can be run. Raises OSError. [any]"""
        return [name for name in self.models if self.state(name) == READY]

    def here(self, engines: Iterable[str]) -> list[str]:
        """Of these, those that need no model and those whose model can be run. Raises OSError. [any]"""
        return [name for name in engines if not needs_model(name) or self.state(name) == READY]

    def infos(self, *, checked: bool = False) -> list[ModelInfo]:
        """All that there are in the table. checked: their hashes, too. Raises OSError."""
        return [self.info(name, checked=checked) for name in self.models]

    def info(self, name: str, *, checked: bool = False) -> ModelInfo:
        """Raises OSError."""
        model, state = self.models[name], self.state(name)
        if checked and state == READY and self._damaged(model):
            state = DAMAGED
        return ModelInfo(
            name=name,
            does=model.does,
            state=state,
            says=self._says(model, state),
            licence=model.licence,
            terms=model.terms,
            source=model.source,
            size_bytes=model.size_bytes,
            files=tuple(
                FileInfo(
                    name=each.name,
                    sha256=each.sha256,
                    size_bytes=each.size_bytes,
                    here=self._is_here(each),
                )
                for each in model.files
            ),
        )

    def verified(self, name: str) -> list[str]:
        """Names of its files, each of which was read and is what it must be. Raises ModelRefused, OSError."""
        info = self.info(name, checked=True)
        if info.state != READY:
            raise ModelRefused(f"{name} cannot be run: {info.says}", "`models list` tells what there is.")
        return [each.name for each in info.files]

    def add(self, data: bytes, *, accepted: bool) -> list[str]:
        """data: a file of a model, or the package that it came in. Names of the models of what was put here. Raises ModelRefused, OSError."""
        found = list(self._found(data))
        names = list(dict.fromkeys(name for name, _, _ in found))
        if not found:
            known = "; ".join(f"{name}: {model.source}" for name, model in self.models.items())
            raise ModelRefused(
                f"That is no file of a model that is known here (its SHA-256 is {hashlib.sha256(data).hexdigest()}).",
                f"Known are {known}.",
            )
        if not accepted:
            terms = " ".join(
                f"{name}: {self.models[name].licence}. {self.models[name].terms}" for name in names
            )
            raise ModelRefused(
                f"Nothing was put here yet. {terms}",
                "Say --accept-licence if you accept that.",
                is_licence=True,
            )
        for _, file, content in found:
            self._folder.write(file.name, content)
        return names

    def remove(self, name: str) -> None:
        """Raises ModelRefused, OSError."""
        if name not in self.models:
            raise ModelRefused(f"There is no model {name}.", f"Known are {', '.join(self.models)}.")
        if not any(self._folder.size_bytes(each.name) is not None for each in self.models[name].files):
            raise ModelRefused(f"{name} is not here.", "`models list` tells what there is.")
        for each in self.models[name].files:
            if self._folder.size_bytes(each.name) is not None:
                self._folder.remove(each.name)

    def _is_here(self, file: ModelFile) -> bool:
        return self._folder.size_bytes(file.name) == file.size_bytes

    def _damaged(self, model: Model) -> bool:
        return any(
            hashlib.sha256(self._folder.read(each.name)).hexdigest() != each.sha256 for each in model.files
        )

    def _says(self, model: Model, state: str) -> str:
        lacking = ", ".join(each.name for each in model.files if not self._is_here(each))
        return {
            READY: "it is here, and can be run.",
            ABSENT: "nobody put it here.",
            INCOMPLETE: f"{lacking} is missing, or not whole.",
            NO_RUNTIME: f"what runs it is missing; install {model.runtime} (`pip install sidechain[models]`).",
            DAMAGED: "a file of it has other bytes than it should; add it again.",
        }[state]

    def _found(self, data: bytes) -> Iterator[tuple[str, ModelFile, bytes]]:
        """Files of models, whether data is one or holds some."""
        for content in (data, *_members(data, {each.size_bytes for each in self._files()})):
            digest = hashlib.sha256(content).hexdigest()
            for name, model in self.models.items():
                for file in model.files:
                    if file.sha256 == digest:
                        yield name, file, content

    def _files(self) -> Iterator[ModelFile]:
        for model in self.models.values():
            yield from model.files


def _members(data: bytes, sizes: set[int]) -> Iterator[bytes]:
    """Of an archive, those of one of these sizes: nothing else is unpacked."""
    try:
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                for each in packed.infolist():
                    if each.file_size in sizes:
                        yield packed.read(each)
        elif data[:2] == b"\x1f\x8b":
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
                for member in archive:
                    if member.isfile() and member.size in sizes and (file := archive.extractfile(member)):
                        yield file.read()
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, NotImplementedError):
        return  # an archive that breaks off holds what came before
