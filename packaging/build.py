"""Build the desktop package: PyInstaller's one folder, what a desktop needs around it, and a tar.gz of both.

    python packaging/build.py        -> .build/package/sidechain-VERSION-SYSTEM-MACHINE.tar.gz

Then tries what it built (packaging/test_bundle.py), and ends with one line of JSON: sizes and times. It installs
nothing.
"""

import gzip
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / ".build" / "package"
EPOCH_S = int(
    os.environ.get("SOURCE_DATE_EPOCH", "1700000000")
)  # of files in the archive: equal in, equal out

# What the build carries that has a licence to hand on: our dependencies, and theirs.
ROOTS = ("sidechain[desktop]", "sidechain[relay]")
DPF_LICENCE = Path("/usr/share/dpf/LICENSE")  # of what the plugins are built on
BUNDLED_LICENCES = {"libsndfile": ("_soundfile_data", "COPYING")}


def main() -> None:
    """Build everything anew."""
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    bundle = freeze()
    frozen_s = time.monotonic() - began
    top = OUT / f"sidechain-{distribution('sidechain').version}-{sys.platform}-{platform.machine()}"
    top.mkdir()
    bundle.rename(top / "app")
    for part in ("sidechain-play", "libsidechain.so"):  # the demo's host; what `sidechain record` records by
        shutil.copy(ROOT / ".build" / "native" / part, top / "app")
    add_desktop_files(top)
    if sys.platform == "linux":
        add_plugins(top / "lib")
    add_licences(top / "licenses")
    archive = pack(top)
    size = sum(path.stat().st_size for path in top.rglob("*") if path.is_file() and not path.is_symlink())
    figures = {
        "folder": str(top.relative_to(ROOT)),
        "archive": str(archive.relative_to(ROOT)),
        "folder_mb": round(size / 1e6, 1),
        "archive_mb": round(archive.stat().st_size / 1e6, 1),
        "freeze_s": round(frozen_s, 1),
        "build_s": round(time.monotonic() - began, 1),
    }
    if sys.platform == "linux":
        try_out(top)
    figures["start_s"] = round(start_s(top / "app" / "sidechain"), 2)
    print(json.dumps(figures))


def try_out(top: Path) -> None:
    """Use the folder as its user would. Raises CalledProcessError when it does not work."""
    command = [sys.executable, "-m", "pytest", "-q", str(HERE / "test_bundle.py")]
    subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"SIDECHAIN_BUNDLE": str(top)})


def start_s(program: Path) -> float:
    """Seconds from start to end of `sidechain --version`, the best of five."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic() - began)
    return min(times)


def freeze() -> Path:
    """PyInstaller's folder."""
    subprocess.run([sys.executable, HERE / "crdt/build.py"], check=True, stdout=subprocess.DEVNULL)
    spec = HERE / "pyinstaller" / "sidechain.spec"
    places = ["--distpath", str(OUT / "dist"), "--workpath", str(OUT / "work")]
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, str(spec)]
    subprocess.run(command, cwd=ROOT, check=True)
    return OUT / "dist" / "sidechain"


def add_desktop_files(top: Path) -> None:
    """Units, start-at-login entries, the manual page and icons, in the tree where a package manager puts them (FHS, XDG)."""
    places = {
        "systemd/sidechain.service": "lib/systemd/user",
        "xdg/sidechain.desktop": "share/applications",
        "xdg/sidechain-tray.desktop": "etc/xdg/autostart",
        "launchd/app.sidechain.daemon.plist": "launchd",
    }
    for source, folder in places.items():
        (top / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / source, top / folder)
    sys.path.insert(0, str(ROOT))
    from daemon.cli.manual import manual

    pages = top / "share/man/man1"
    pages.mkdir(parents=True)
    with gzip.GzipFile(pages / "sidechain.1.gz", "wb", mtime=0) as page:
        page.write(manual().encode())
    from tray.icons import svg
    from tray.model import Icon

    icons = top / "share/icons/hicolor/scalable/apps"
    icons.mkdir(parents=True)
    (icons / "sidechain.svg").write_text(svg(Icon.CONNECTED), encoding="utf-8")
    for icon in Icon:
        (icons / f"sidechain-{icon}.svg").write_text(svg(icon), encoding="utf-8")


def add_plugins(folder: Path) -> None:
    """The plugin in every format, without debugging symbols, in the tree where hosts look for it (/usr/lib/vst3 ...)."""
    build = ROOT / ".build" / "plugin"
    make = ["make", "-s", f"-j{os.cpu_count()}", "-C", ROOT / "plugin", f"BUILD={build}", "all"]
    subprocess.run(make, check=True)
    for plugin_format in ("vst3", "clap", "lv2"):
        shutil.copytree(build / "bundles" / f".{plugin_format}", folder / plugin_format)
    for binary in [*folder.rglob("*.so"), *folder.rglob("*.clap")]:
        subprocess.run(["strip", "--strip-unneeded", binary], check=True)


# licences -----------------------------------------------------------------------------------------------------


def add_licences(folder: Path, roots: tuple[str, ...] = ROOTS) -> None:
    """The licence texts of all that is inside, by the name of the package they came with. roots: what it was made for."""
    folder.mkdir()
    shutil.copy(ROOT / "LICENSE", folder)
    if DPF_LICENCE.exists():
        (folder / "dpf").mkdir()
        shutil.copy(DPF_LICENCE, folder / "dpf")
    for path in (HERE / "licenses").iterdir():
        shutil.copy(path, folder)
    for dist in closure(roots):
        copy_texts(dist, folder / dist.metadata["Name"].lower())
    for name, (package, text) in BUNDLED_LICENCES.items():
        (folder / name).mkdir()
        shutil.copy(dist_folder("soundfile") / package / text, folder / name)


def closure(requirements: tuple[str, ...]) -> list[Distribution]:
    """Installed distributions that these requirements lead to, without our own; markers of this system hold."""
    from packaging.requirements import Requirement  # the library of that name: this folder is no package

    found: dict[str, Distribution] = {}
    asked: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, for_extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": for_extra}):
            continue
        try:
            dist = distribution(requirement.name)
        except PackageNotFoundError:
            continue  # an optional extra of somebody else
        name = dist.metadata["Name"].lower()
        found[name] = dist
        for extra in ("", *requirement.extras):
            if (name, extra) not in asked:
                asked.add((name, extra))
                waiting += [(Requirement(text), extra) for text in dist.requires or ()]
    found.pop("sidechain", None)
    return [found[name] for name in sorted(found)]


def copy_texts(dist: Distribution, folder: Path) -> None:
    """Its licence files, or a line that says what its metadata claims when it brings none."""
    texts = [
        file
        for file in dist.files or ()
        if ".dist-info" in file.parts[0]
        and file.name.upper().startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS"))
    ]
    folder.mkdir(parents=True)
    for file in texts:
        shutil.copy(str(dist.locate_file(file)), folder / file.name)
    if not texts:
        meta = dist.metadata
        fields = [value for key in ("License-Expression", "License") for value in meta.get_all(key) or ()]
        said = fields + [line for line in meta.get_all("Classifier") or () if line.startswith("License")]
        text = f"{meta['Name']} {dist.version}: {said[0] if said else 'unknown'}\n"
        (folder / "LICENSE").write_text(text, "utf-8")


def dist_folder(name: str) -> Path:
    """The folder that a distribution is installed in."""
    return Path(str(distribution(name).locate_file("")))


# archive ------------------------------------------------------------------------------------------------------


def pack(top: Path) -> Path:
    """A tar.gz of `top` that names no user, no time and no machine."""
    archive = top.with_name(top.name + ".tar.gz")

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = EPOCH_S
        return member

    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path in sorted(top.rglob("*")):
            tar.add(path, f"{top.name}/{path.relative_to(top)}", recursive=False, filter=plain)
    return archive


if __name__ == "__main__":
    main()
