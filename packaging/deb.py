"""Debian package of the desktop: what packaging/build.py made, in the places where Debian has such things.

    python packaging/deb.py [--version V]        -> .build/package/sidechain_VERSION_ARCHITECTURE.deb

dpkg-deb alone builds it. The program is one folder, /usr/lib/sidechain; LAME, libsndfile and libsoxr in it are files that their
user may replace (their licences are under /usr/share/doc/sidechain/licenses).
"""

import argparse
import gzip
import os
import re
import shutil
import subprocess
import tempfile
from importlib.metadata import distribution
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / ".build" / "package"
PROGRAM = "usr/lib/sidechain"
MAINTAINER_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")

CONTROL = """\
Package: sidechain
Version: {version}
Architecture: {architecture}
Maintainer: The Sidechain authors <maintainers@sidechain.invalid>
Installed-Size: {size_kib}
Depends: libc6 (>= 2.36)
Recommends: libportaudio2, xdg-utils, libgl1, libx11-6, libxcursor1, libxext6, libxrandr2
Suggests: gnome-keyring | kwalletmanager
Section: sound
Priority: optional
Description: keeps the last bars you played in your DAW, and posts them
 One click in the plugin, the tray or the command line, and the last bars that
 you played are cut on the bar line, levelled, encoded, drawn and safe; and on
 the feed of who follows you, if you say so. Plugins for VST3, CLAP and LV2, the
 daemon, the tray, the command line, and a relay of one's own.
"""


def main() -> None:
    """Build it of the folder that packaging/build.py left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default=distribution("sidechain").version)
    version = parser.parse_args().version
    print(build(built_folder(), version))


def built_folder() -> Path:
    """What packaging/build.py left."""
    (top,) = (each for each in OUT.glob("sidechain-*") if each.is_dir())
    return top


def build(top: Path, version: str) -> Path:
    """The package, of the desktop build in `top`."""
    autostart = ["/etc/xdg/autostart/sidechain-tray.desktop"]
    with tempfile.TemporaryDirectory(dir=OUT) as folder:
        tree = Path(folder) / "tree"
        lay_out(top, tree)
        stamp(tree / PROGRAM, version)
        add_control(tree, CONTROL, version, autostart, HERE / "debian")
        return write_deb(tree, OUT, f"sidechain_{version}")


def write_deb(tree: Path, folder: Path, name: str) -> Path:
    """The package of a tree with its DEBIAN folder: folder/name_ARCHITECTURE.deb."""
    deb = folder / f"{name}_{architecture()}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(deb)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return deb


def architecture() -> str:
    """As Debian calls this machine's."""
    return subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()


def lay_out(top: Path, tree: Path) -> None:
    """The files of the desktop build, where Debian has such things (FHS, XDG, systemd.unit(5))."""
    places = {
        "app": PROGRAM,
        "lib/vst3": "usr/lib/vst3",
        "lib/clap": "usr/lib/clap",
        "lib/lv2": "usr/lib/lv2",
        "lib/systemd": "usr/lib/systemd",
        "share": "usr/share",
        "etc": "etc",
        "licenses": "usr/share/doc/sidechain/licenses",
    }
    for source, place in places.items():
        shutil.copytree(top / source, tree / place, symlinks=True, dirs_exist_ok=True)
    doc = tree / "usr/share/doc/sidechain"
    shutil.copy(top / "licenses" / "LICENSE", doc / "copyright")
    with gzip.GzipFile(doc / "changelog.gz", "wb", mtime=0) as changes:
        changes.write((HERE.parent / "CHANGELOG.md").read_bytes())
    for name in ("sidechain", "sidechain-play"):
        link = tree / "usr/bin" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path("../lib/sidechain") / name)
    permit(tree)


def permit(tree: Path) -> None:
    """Everybody reads all of it, and runs what is run; only root writes."""
    for path in tree.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def stamp(program: Path, version: str) -> None:
    """What `sidechain --version` and `sidechain status` say is the package's version."""
    (metadata,) = program.glob("_internal/sidechain-*.dist-info/METADATA")
    said = re.sub(r"(?m)^Version: .*$", f"Version: {version}", metadata.read_text("utf-8"), count=1)
    metadata.write_text(said, "utf-8")


def add_control(tree: Path, control: str, version: str, conffiles: list[str], scripts: Path) -> None:
    """What dpkg reads: the control file with its blanks filled in, and the maintainer scripts that lie in the folder `scripts`."""
    size_kib = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    text = control.format(version=version, architecture=architecture(), size_kib=size_kib)
    folder = tree / "DEBIAN"
    folder.mkdir()
    (folder / "control").write_text(text, "utf-8")
    (folder / "conffiles").write_text("".join(f"{each}\n" for each in conffiles), "utf-8")
    for name in MAINTAINER_SCRIPTS:
        if (scripts / name).exists():
            shutil.copy(scripts / name, folder / name)
            (folder / name).chmod(0o755)


if __name__ == "__main__":
    main()
