#!/bin/sh
# Make sure that the system has what a make command needs: on Debian and Ubuntu as root by apt, elsewhere by one line
# that says exactly what to install.   Usage: ensure_system.sh demo|plugin|test|bench|pictures|windows|deb
set -eu
purpose=$1

# what proves it (a command, a file or a library) : Debian package
needs="cc:gcc /usr/include/stdio.h:libc6-dev make:make libportaudio.so.2:libportaudio2"
include=/usr/include
test "$purpose" = demo || test "$purpose" = deb || needs="$needs
  c++:g++ /usr/share/dpf/distrho:dpf-source
  $include/GL/gl.h:libgl-dev $include/X11/Xlib.h:libx11-dev $include/X11/extensions/Xext.h:libxext-dev
  $include/X11/Xcursor/Xcursor.h:libxcursor-dev $include/X11/extensions/Xrandr.h:libxrandr-dev
  $include/xcb/xcb.h:libxcb1-dev"
test "$purpose" = test && needs="$needs
  clang-22:clang-22 /usr/lib/llvm-22/lib/clang/22/lib/linux:libclang-rt-22-dev
  strace:strace valgrind:valgrind fusermount3:fuse3
  Xvfb:xvfb libGLX_mesa.so.0:libglx-mesa0 /usr/lib/$(uname -m)-linux-gnu/dri:libgl1-mesa-dri
  /usr/lib/python3/dist-packages/gi:python3-gi
  /usr/lib/python3/dist-packages/PyQt5:python3-pyqt5
  /usr/lib/$(uname -m)-linux-gnu/girepository-1.0/Gtk-3.0.typelib:gir1.2-gtk-3.0
  ardour7-lua:ardour chromium:chromium firefox-esr:firefox-esr dbus-daemon:dbus dbus-run-session:dbus gdbus:libglib2.0-bin libnotify.so.4:libnotify4
  gnome-keyring-daemon:gnome-keyring
  pulseaudio:pulseaudio pactl:pulseaudio-utils libportaudio.so.2:libportaudio2 man:man-db
  /usr/lib/$(uname -m)-linux-gnu/alsa-lib/libasound_module_pcm_pulse.so:libasound2-plugins
  clamdscan:clamdscan ffmpeg:ffmpeg mpg123:mpg123 libebur128.so.1:libebur128-1
  /usr/share/sonic-pi/samples/loop_mika.flac:sonic-pi-samples"
test "$purpose" = pictures && needs="$needs
  xfce4-panel:xfce4-panel /usr/lib/$(uname -m)-linux-gnu/xfce4/xfconf/xfconfd:xfconf
  /usr/share/icons/Adwaita:adwaita-icon-theme /usr/share/fonts/truetype/dejavu:fonts-dejavu-core"
test "$purpose" = bench && needs="$needs syncthing:syncthing syncthingtray:syncthingtray" # the tray's peer
test "$purpose" = windows && needs="$needs
  x86_64-w64-mingw32-g++-posix:g++-mingw-w64-x86-64-posix x86_64-w64-mingw32-gcc-posix:gcc-mingw-w64-x86-64-posix
  wine:wine /usr/lib/wine/wine64:wine64 Xvfb:xvfb libGLX_mesa.so.0:libglx-mesa0
  /usr/lib/$(uname -m)-linux-gnu/dri:libgl1-mesa-dri zip:zip"
test "$purpose" = deb && needs="$needs debootstrap:debootstrap dpkg-deb:dpkg ip:iproute2 ss:iproute2"

missing=""
for need in $needs; do
  proof=${need%%:*} package=${need##*:}
  case $proof in
    /*) test -e "$proof" ;;
    lib*.so.*) /sbin/ldconfig -p | grep -q "$proof" ;;
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
