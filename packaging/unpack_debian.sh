#!/bin/sh
# unpack_debian.sh PACKAGE FOLDER PROGRAM...: put PROGRAMs into FOLDER. Where they are not installed, Debian's package is unpacked
# for them: to install it would start a server on this machine.
set -eu
package=$1 folder=$2
shift 2
rm -rf "$folder" && mkdir -p "$folder"
for program in "$@"; do
  found=$(command -v "$program") && ln -s "$found" "$folder/" || break
done
if test -e "$folder/$program"; then
  exit 0
elif command -v apt-get >/dev/null 2>&1; then
  folder=$(realpath "$folder") fetched=$(mktemp -d)
  trap 'rm -rf "$fetched"' EXIT
  cd "$fetched"
  apt-get download -qq "$package" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$package" 2>/dev/null; }
  dpkg -x ./*.deb unpacked
  for program in "$@"; do cp -f unpacked/usr/*bin/"$program" "$folder/"; done
else
  echo "Please install $package, then run make again." >&2
  exit 1
fi
