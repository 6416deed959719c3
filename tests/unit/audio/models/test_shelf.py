"""Which models are taken in, by what they are known, and what is said of each."""

import io
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from audio.models.shelf import ABSENT, DAMAGED, INCOMPLETE, NO_RUNTIME, READY, ModelRefused, Shelf
from audio.models.table import MODELS, needs_model
from audio.separate.parts import PARTS
from tests.support.model_files import Files, known

VOCALS, REST, ONNX = b"weights of vocals", b"weights of all the rest", b"a graph"
TABLE = known(spleeter_2stems=(VOCALS, REST), htdemucs=(ONNX,))


def shelf(files: Files, *, runtime: bool = True) -> Shelf:
    return Shelf(files, TABLE, lambda: runtime)


def zipped(*contents: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, content in enumerate(contents):
            archive.writestr(f"package/checkpoints/{n}.bin", content)
    return out.getvalue()


def tarred(*contents: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for n, content in enumerate(contents):
            about = tarfile.TarInfo(f"package/{n}.onnx")
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return out.getvalue()


def test_of_engines_those_are_here_that_need_no_model_or_whose_model_can_be_run() -> None:
    files = Files()
    assert shelf(files).here(PARTS) == ["hpss"]
    shelf(files).add(ONNX, accepted=True)
    assert shelf(files).here(PARTS) == ["hpss", "htdemucs"]
    assert shelf(files, runtime=False).here(PARTS) == ["hpss"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_package_gives_what_is_known_in_it_and_nothing_else(pack: Callable[..., bytes]) -> None:
    files = Files()
    names = shelf(files).add(pack(b"a readme", REST, VOCALS, ONNX), accepted=True)
    assert sorted(names) == ["htdemucs", "spleeter:2stems"]
    assert sorted(files.held.values()) == sorted((VOCALS, REST, ONNX))
    assert shelf(files).ready() == ["spleeter:2stems", "htdemucs"]


def test_nothing_is_put_anywhere_before_its_licence_is_accepted() -> None:
    files = Files()
    with pytest.raises(ModelRefused, match=r"research use only.*--accept-licence") as refused:
        shelf(files).add(ONNX, accepted=False)
    assert refused.value.is_licence and files.held == {}


@pytest.mark.parametrize(
    "data", [b"", b"anything", zipped(b"anything"), b"PK\x03\x04", b"\x1f\x8b\x08broken"]
)
def test_what_no_hash_knows_is_not_taken(data: bytes) -> None:
    files = Files()
    with pytest.raises(ModelRefused, match="no file of a model"):
        shelf(files).add(data, accepted=True)
    assert files.held == {}


def test_each_state_is_told_as_what_it_is() -> None:
    files = Files()
    assert {each.state for each in shelf(files).infos()} == {ABSENT}
    shelf(files).add(VOCALS, accepted=True)
    assert shelf(files).state("spleeter:2stems") == INCOMPLETE
    assert "accompaniment.ckpt is missing" in shelf(files).info("spleeter:2stems").says
    shelf(files).add(REST, accepted=True)
    shelf(files).add(ONNX, accepted=True)
    assert {each.state for each in shelf(files).infos(checked=True)} == {READY}
    assert shelf(files, runtime=False).ready() == ["spleeter:2stems"], "numpy alone runs it"
    without = shelf(files, runtime=False).info("htdemucs")
    assert without.state == NO_RUNTIME and "sidechain[models]" in without.says


def test_a_file_whose_bytes_changed_is_not_run() -> None:
    files = Files()
    shelf(files).add(ONNX, accepted=True)
    assert shelf(files).verified("htdemucs") == ["htdemucs.onnx"]
    files.held["htdemucs.onnx"] = ONNX[::-1]
    assert shelf(files).info("htdemucs", checked=True).state == DAMAGED
    with pytest.raises(ModelRefused, match="other bytes"):
        shelf(files).verified("htdemucs")


def test_what_is_removed_is_gone_and_what_is_not_here_is_not_removed() -> None:
    files = Files()
    shelf(files).add(VOCALS, accepted=True)
    shelf(files).remove("spleeter:2stems")
    assert files.held == {}
    for name in ("spleeter:2stems", "../x"):
        with pytest.raises(ModelRefused):
            shelf(files).remove(name)


def test_the_table_says_of_each_where_it_is_from_and_what_one_agrees_to() -> None:
    names = [file.name for model in MODELS.values() for file in model.files]
    assert len(set(names)) == len(names) and not any("/" in name or name.startswith(".") for name in names)
    for model in MODELS.values():
        assert model.licence and model.terms and model.source and model.size_bytes > 0
        assert all(len(file.sha256) == 64 for file in model.files)
    separating = {name for name, model in MODELS.items() if model.does == "separation"}
    assert separating == {name for name in PARTS if needs_model(name)}
