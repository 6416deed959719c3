"""Build the package for Windows on Linux, under Wine: PyInstaller's folder, the plugins, install.cmd and remove.cmd, and a zip of it.

    make package-windows        -> .build/package-windows/sidechain-VERSION-win32-x86_64.zip

Then tries what it built (packaging/test_windows_package.py), and ends with one line of JSON: sizes and times.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.metadata import distribution, distributions
from pathlib import Path

from build import DPF_LICENCE, HERE, ROOT, copy_texts

WINDOWS = ROOT / ".build" / "windows"  # what `make test-windows` sets up
PYTHON, SITE = WINDOWS / "python" / "python.exe", WINDOWS / "python" / "site"
OUT = ROOT / ".build" / "package-windows"
EPOCH = (2023, 11, 14, 22, 13, 20)  # of files in the zip: equal in, equal out
STRIP = "x86_64-w64-mingw32-strip"


def main() -> None:
    """Build everything anew."""
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    describe()
    bundle = freeze()
    frozen_s = time.monotonic() - began
    top = OUT / f"sidechain-{distribution('sidechain').version}-win32-x86_64"
    top.mkdir()
    bundle.rename(top / "app")
    add_plugins(top)
    for name in ("install.cmd", "remove.cmd", "README.md"):
        text = (HERE / "windows" / name).read_text("utf-8")
        (top / name).write_text(text, "utf-8", newline="\r\n")  # cmd finds its labels by them
    add_licences(top / "licenses")
    archive = pack(top)
    try_out(top)
    size = sum(path.stat().st_size for path in top.rglob("*") if path.is_file())
    figures = {
        "archive": str(archive.relative_to(ROOT)),
        "folder_mb": round(size / 1e6, 1),
        "archive_mb": round(archive.stat().st_size / 1e6, 1),
        "freeze_s": round(frozen_s, 1),
        "all_s": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures))


def describe() -> None:
    """Our metadata, of which the program takes its version, beside Windows' Python, which has us from the checkout."""
    ours = Path(str(distribution("sidechain").locate_file("")))
    (found,) = ours.glob("sidechain-*.dist-info")
    folder = SITE / found.name
    folder.mkdir(exist_ok=True)
    for name in ("METADATA", "WHEEL"):
        shutil.copy(found / name, folder)


def freeze() -> Path:
    """PyInstaller's folder."""
    spec = HERE / "pyinstaller" / "sidechain.spec"
    places = ["--distpath", OUT / "dist", "--workpath", OUT / "work"]
    words = ["-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, spec]
    wine = [ROOT / "tests" / "windows" / "wine.sh", WINDOWS / "prefix"]
    subprocess.run([*wine, PYTHON, *words], cwd=ROOT, check=True)
    return OUT / "dist" / "sidechain"


def add_plugins(top: Path) -> None:
    """The plugin as VST3 and CLAP, without debugging symbols."""
    for plugin_format in ("vst3", "clap"):
        shutil.copytree(WINDOWS / "plugin" / "bundles" / f".{plugin_format}", top / plugin_format)
        for binary in (top / plugin_format).rglob(f"*.{plugin_format}"):
            if binary.is_file():
                subprocess.run([STRIP, "--strip-unneeded", binary], check=True)


def add_licences(folder: Path) -> None:
    """The licence texts of all that is inside, by the name of the package they came with."""
    folder.mkdir()
    shutil.copy(ROOT / "LICENSE", folder)
    for path in (HERE / "licenses").iterdir():
        shutil.copy(path, folder)
    for name, text in {
        "dpf": DPF_LICENCE,
        "python": PYTHON.with_name("LICENSE.txt"),
        "libsndfile": SITE / "_soundfile_data" / "COPYING",
    }.items():
        (folder / name).mkdir()
        shutil.copy(text, folder / name)
    for dist in distributions(path=[str(SITE)]):
        if (name := dist.metadata["Name"].lower()) != "sidechain":
            copy_texts(dist, folder / name)


def pack(top: Path) -> Path:
    """A zip of `top` that names no time and no machine."""
    archive = top.with_name(top.name + ".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(each for each in top.rglob("*") if each.is_file()):
            member = zipfile.ZipInfo(f"{top.name}/{path.relative_to(top)}", EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(member, path.read_bytes())
    return archive


def try_out(top: Path) -> None:
    """Use the folder as its user would. Raises CalledProcessError when it does not work."""
    command = [sys.executable, "-m", "pytest", "-q", str(HERE / "test_windows_package.py")]
    subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"SIDECHAIN_BUNDLE": str(top)})


if __name__ == "__main__":
    main()
