#!/bin/sh
# Makes sure that QGIS is on the machine for the tests that open our files in it: Debian's packages qgis and python3-qgis;
# Qt's compiler of translations for `make plugin`; and a Chinese font for the map pictures (fonts-wqy-microhei).
# `sh tools/qgis.sh lrelease` brings the compiler alone.
# QGIS brings its own Python (/usr/bin/python3) and its own GDAL; the virtual environment of gisheat stays apart from both.
set -eu

stop() {
  echo "tools/qgis.sh: $*" >&2
  exit 1
}
apt_install() { sh "$(dirname -- "$0")/apt.sh" "$@"; }

has_lrelease() { command -v lrelease >/dev/null 2>&1 || [ -x /usr/lib/qt5/bin/lrelease ]; }
has_chinese() { [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]; }
has_qgis() {
  command -v qgis_process.bin >/dev/null 2>&1 &&
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 -c 'import qgis.core' >/dev/null 2>&1
}

if ! has_lrelease; then
  echo "Qt: installing Debian's qttools5-dev-tools for the plugin's translations (once) ..."
  apt_install qttools5-dev-tools ||
    stop "the plugin's translations need Qt's lrelease: install it, on Debian the package qttools5-dev-tools."
fi
[ "${1:-}" != lrelease ] || exit 0
if ! has_chinese; then
  echo "fonts: installing Debian's fonts-wqy-microhei for the tests (once) ..."
  apt_install fontconfig fonts-wqy-microhei ||
    stop "the tests of the map picture need a Chinese font, such as Noto Sans CJK or WenQuanYi Micro Hei: install one."
fi
if has_qgis; then exit 0; fi
echo "QGIS: installing Debian's qgis and python3-qgis for the tests (once; about 1.2 GB on disk, one to three minutes) ..."
apt_install qgis python3-qgis ||
  stop "the tests need QGIS 3.22 or newer with its Python (qgis_process.bin, and qgis.core for /usr/bin/python3): install it with this system's package manager, on Debian the packages qgis and python3-qgis."
has_qgis || stop "qgis and python3-qgis are installed, but /usr/bin/python3 cannot import qgis.core."
