#!/bin/sh
# Makes sure that QGIS is on the machine for the tests that open our files in it: Debian's packages qgis and python3-qgis;
# and a Chinese font for the map pictures (fonts-wqy-microhei), where apt-get can bring one.
# `sh tools/qgis.sh lrelease` brings Qt's compiler of translations alone, for `make plugin`.
# QGIS brings its own Python (/usr/bin/python3) and its own GDAL; the virtual environment of gisheat stays apart from both.
set -eu

log=$(mktemp)
trap 'rm -f "$log"' EXIT

has_qgis() {
  command -v qgis_process.bin >/dev/null 2>&1 &&
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 -c 'import qgis.core' >/dev/null 2>&1
}

stop() {
  echo "tools/qgis.sh: $*" >&2
  exit 1
}

apt_install() {
  apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1
}

has_chinese() { [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]; }

font() {
  has_chinese && return
  { command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; } ||
    stop "the tests of the map picture need a Chinese font, such as Noto Sans CJK or WenQuanYi Micro Hei: install one."
  echo "fonts: installing Debian's fonts-wqy-microhei for the tests (once) ..."
  apt_install fontconfig fonts-wqy-microhei || { apt-get update -q >"$log" 2>&1 && apt_install fontconfig fonts-wqy-microhei; } || {
    tail -n 15 "$log" >&2
    stop "apt-get could not install fonts-wqy-microhei; its last lines are above."
  }
}

has_lrelease() { command -v lrelease >/dev/null 2>&1 || [ -x /usr/lib/qt5/bin/lrelease ]; }

lrelease() {
  has_lrelease && return
  { command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; } ||
    stop "the plugin's translations need Qt's lrelease: install it, on Debian the package qttools5-dev-tools."
  echo "Qt: installing Debian's qttools5-dev-tools for the plugin's translations (once) ..."
  apt_install qttools5-dev-tools || { apt-get update -q >"$log" 2>&1 && apt_install qttools5-dev-tools; } || {
    tail -n 15 "$log" >&2
    stop "apt-get could not install qttools5-dev-tools; its last lines are above."
  }
}

export DEBIAN_FRONTEND=noninteractive
lrelease
[ "${1:-}" != lrelease ] || exit 0
font
if has_qgis; then exit 0; fi
command -v apt-get >/dev/null 2>&1 ||
  stop "the tests need QGIS 3.22 or newer with its Python (qgis_process.bin, and qgis.core for /usr/bin/python3): install it with this system's package manager, on Debian the packages qgis and python3-qgis."
[ "$(id -u)" = 0 ] ||
  stop "the tests need QGIS: run 'sudo apt-get install --no-install-recommends qgis python3-qgis', then try again."

echo "QGIS: installing Debian's qgis and python3-qgis for the tests (once; about 1.2 GB on disk, one to three minutes) ..."
apt_install qgis python3-qgis || { apt-get update -q >"$log" 2>&1 && apt_install qgis python3-qgis; } || {
  tail -n 15 "$log" >&2
  stop "apt-get could not install qgis and python3-qgis; its last lines are above."
}
has_qgis || stop "qgis and python3-qgis are installed, but /usr/bin/python3 cannot import qgis.core."
