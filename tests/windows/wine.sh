#!/usr/bin/env bash
# Runs a program of Windows with this checkout's Wine, whatever it is to say its words to:   wine.sh PREFIX PROGRAM WORDS …
# Windows' Python ends before its first line where a file of Linux is one of its three handles, as a log of make's is; a pipe and
# /dev/null it takes. So it has nothing to read, and a pipe for all that it says.
set -euo pipefail
export WINEPREFIX=$1 WINEDEBUG=-all WINEARCH=win64
shift
wine "$@" </dev/null 2>&1 | cat
