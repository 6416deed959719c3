"""Debian package of a relay alone: PyInstaller's one folder, a user of its own, a hardened system unit.

    python packaging/relay_deb.py [--version V]   -> .build/relay-package/sidechain-relay_VERSION_ARCHITECTURE.deb

The program is /usr/lib/sidechain-relay; /usr/sbin/sidechain-relay runs its commands as the relay's user, on
/var/lib/sidechain-relay, where `setup` writes relay.env: that is its configuration, and stays through upgrades and removal.
"""

import argparse
import gzip
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

from build import HERE, ROOT, add_licences
from deb import add_control, permit, stamp, write_deb

OUT = ROOT / ".build" / "relay-package"
PROGRAM = "usr/lib/sidechain-relay"
UNIT = "usr/lib/systemd/system/sidechain-relay.service"
LICENSED = ("sidechain[relay]", "sidechain[cluster]")

CONTROL = """\
Package: sidechain-relay
Version: {version}
Architecture: {architecture}
Maintainer: The Sidechain authors <maintainers@sidechain.invalid>
Installed-Size: {size_kib}
Depends: libc6 (>= 2.36), passwd, util-linux
Section: net
Priority: optional
Description: a relay for Sidechain: where a band's loops are heard
 Accounts by invite, uploads, feeds, pages: one process with SQLite and a folder,
 nothing else to install; or several with PostgreSQL, S3 and Valkey. The daemons
 of your friends talk to it, and you own what they say.
"""


def main() -> None:
    """Build it of this tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default=distribution("sidechain").version)
    version = parser.parse_args().version
    print(build(freeze(), version))


def freeze() -> Path:
    """PyInstaller's folder, made anew."""
    subprocess.run([sys.executable, HERE / "crdt/build.py"], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(OUT, ignore_errors=True)
    spec = HERE / "pyinstaller" / "sidechain-relay.spec"
    places = ["--distpath", str(OUT / "dist"), "--workpath", str(OUT / "work")]
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, str(spec)]
    subprocess.run(command, cwd=ROOT, check=True)
    return OUT / "dist" / "sidechain-relay"


def build(bundle: Path, version: str) -> Path:
    """The package, of the frozen relay."""
    with tempfile.TemporaryDirectory(dir=OUT) as folder:
        tree = Path(folder) / "tree"
        lay_out(bundle, tree)
        stamp(tree / PROGRAM, version)
        add_control(tree, CONTROL, version, [], HERE / "debian-relay")
        return write_deb(tree, OUT, f"sidechain-relay_{version}")


def lay_out(bundle: Path, tree: Path) -> None:
    """Where Debian has such things (FHS, systemd.unit(5))."""
    shutil.copytree(bundle, tree / PROGRAM, symlinks=True)
    command = tree / "usr/sbin/sidechain-relay"
    command.parent.mkdir(parents=True)
    shutil.copy(HERE / "debian-relay" / "sidechain-relay", command)
    unit = tree / UNIT
    unit.parent.mkdir(parents=True)
    text = (HERE / "systemd" / "sidechain-relay.service").read_text(encoding="utf-8")
    started = re.sub(r"(?m)^ExecStart=sidechain relay ", f"ExecStart=/{PROGRAM}/sidechain-relay ", text)
    unit.write_text(started, encoding="utf-8")
    doc = tree / "usr/share/doc/sidechain-relay"
    doc.mkdir(parents=True)
    add_licences(doc / "licenses", LICENSED)
    shutil.copy(ROOT / "LICENSE", doc / "copyright")
    shutil.copytree(ROOT / "docs" / "operator", doc / "operator")
    with gzip.GzipFile(doc / "changelog.gz", "wb", mtime=0) as changes:
        changes.write((ROOT / "CHANGELOG.md").read_bytes())
    permit(tree)


if __name__ == "__main__":
    main()
