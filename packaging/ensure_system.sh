#!/bin/sh
# Make sure that the system has what `make demo` or `make test` needs: on Debian and Ubuntu as root by apt, elsewhere
# by one line that says exactly what to install.   Usage: ensure_system.sh demo|test
set -eu
purpose=$1

# command or file that proves it : Debian package
needs="cc:gcc /usr/include/stdio.h:libc6-dev make:make"
test "$purpose" = test && needs="$needs c++:g++ /usr/share/dpf/distrho:dpf-source ffmpeg:ffmpeg mpg123:mpg123 chromium:chromium strace:strace
  dbus-daemon:dbus dbus-run-session:dbus"

missing=""
for need in $needs; do
  proof=${need%%:*} package=${need##*:}
  case $proof in
    /*) test -e "$proof" ;;
    *) command -v "$proof" >/dev/null 2>&1 ;;
  esac || missing="$missing $package"
done
${PYTHON:-python3} -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
test -n "$(echo $missing)" || exit 0

if test "$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1; then
  echo "installing system packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; rm -f "$log"; exit 1; }
  rm -f "$log"
else
  echo "Please install, then run make again:  sudo apt-get install $missing" >&2
  echo "(on other systems: the packages that bring the same programs)" >&2
  exit 1
fi
