"""The models that a benchmark may run: those whose files lie in the folder SIDECHAIN_MODELS and are what they must be."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from audio.models.table import MODELS, has_runtime, needs_model

Row = tuple[str, float | str, str, str]


def engines_here(engines: Iterable[str]) -> dict[str, list[bytes]]:
    """Of these, by name, those that can be run: the files of the model, none for what needs none."""
    return {name: files for name in engines if isinstance(files := _files(name), list)}


def lacking_rows(engines: Iterable[str]) -> list[Row]:
    """Of these, those that were not measured, and why."""
    return [(name, why, "", "not measured") for name in engines if isinstance(why := _files(name), str)]


def _files(name: str) -> list[bytes] | str:
    """Or what is missing."""
    if not needs_model(name):
        return []
    folder, model, found = os.environ.get("SIDECHAIN_MODELS"), MODELS[name], list[bytes]()
    if folder is None:
        return "no SIDECHAIN_MODELS"
    if model.runtime and not has_runtime():
        return f"no {model.runtime}"
    for file in model.files:
        path = Path(folder) / file.name
        if not path.is_file():
            return f"no {file.name}"
        found.append(path.read_bytes())
        if hashlib.sha256(found[-1]).hexdigest() != file.sha256:
            return f"{file.name}: other bytes"
    return found
