#!/bin/sh
# Makes the virtual environment .venv and installs gisheat into it, editable: sh tools/setup.sh KIND
#   demo    what `gisheat` needs to run          test    the tests and linters as well
#   bench   the benchmarks as well               oldest  like test, in .venv-oldest, every dependency at its lower bound
#   verify  the other programs that gisheat is compared with, in .venv-verify: pandapipes wants older pandas than we do
#   qgis    pytest beside QGIS's own Python, in .venv-qgis, nothing of gisheat in it: for the tests of the plugin
# Needs python3 (3.11 or newer) only. When pyproject.toml and the place are those of the last call, it does nothing.
set -eu
cd -- "$(dirname -- "$0")/.."
unset PYTHONPATH PYTHONHOME # the environment stays apart from other Pythons, that of QGIS among them
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0

kind=${1:-demo}
venv=.venv
share= # what the environment shares with its Python
covered_by=
case $kind in
  demo) extras= covered_by="test bench" seconds=30 ;;
  test) extras='[terrain,test,dev]' covered_by="bench" seconds=60 ;;
  bench) extras='[terrain,test,dev,bench]' seconds=60 ;;
  verify) extras='[verify]' venv=.venv-verify seconds=90 ;;
  oldest) extras='[terrain,test]' venv=.venv-oldest seconds=60 ;;
  qgis) extras= venv=.venv-qgis share=--system-site-packages seconds=10 ;;
  *) echo "usage: sh tools/setup.sh demo|test|bench|oldest|verify|qgis" >&2; exit 2 ;;
esac

stop() {
  echo "tools/setup.sh: $*" >&2
  exit 1
}

# What the last call installed from is kept beside what it installed. An environment does not survive a move of its folder.
place=$(pwd -P)
key="$(cksum <pyproject.toml) $(cksum <tools/setup.sh)"
works() { [ "$(cat "$venv/place" 2>/dev/null)" = "$place" ] && "$venv/bin/python" -I -c '' 2>/dev/null; }
if works; then
  for k in $kind $covered_by; do
    [ "$(cat "$venv/installed-$k" 2>/dev/null || true)" != "$key" ] || exit 0
  done
fi

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
find_python() {
  if [ "$kind" = qgis ]; then python=/usr/bin/python3; return; fi
  for p in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$p"; then python=$p; return; fi
  done
  found=$(python3 --version 2>/dev/null || true)
  stop "gisheat needs Python 3.11 or newer (python3 here: ${found:-none}): install one and say PYTHON=/path/to/python3.11 make ..."
}

# pip comes from ensurepip where there is one, else the pip of the system installs one into the new environment.
# `python3 -m venv` without ensurepip (Debian without python3-venv) leaves half an environment: it is asked first.
make_venv() {
  rm -rf "$venv"
  if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && "$python" -m venv $share "$venv" >/dev/null 2>&1; then return; fi
  rm -rf "$venv"
  "$python" -m venv $share --without-pip "$venv" >/dev/null 2>&1 || return 1
  "$python" -m pip --python "$venv/bin/python" install -q -q pip 2>/dev/null
}

apt_venv() {
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  echo "set-up: installing Debian's $package (once) ..."
  sh tools/apt.sh "$package"
}

if ! works || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  find_python
  echo "set-up: virtual environment $venv with $("$python" --version) ..."
  make_venv || { apt_venv && make_venv; } ||
    stop "this Python has neither ensurepip nor pip: install the system package python3-venv (or python3-pip), then try again."
  echo "$place" >"$venv/place"
fi

set --
if [ "$kind" = oldest ]; then
  "$venv/bin/python" tools/oldest.py >"$venv/oldest.txt"
  set -- --constraint "$venv/oldest.txt"
fi
[ "$kind" = qgis ] || what=gisheat$extras
echo "set-up: installing ${what:-pytest-qgis} into $venv (once; about $seconds s) ..."
set -- "$@" --editable ".$extras"
[ "$kind" != qgis ] || set -- "pytest>=8.2" "pytest-qgis>=2.1"
# Not compiled: Python does it for what is imported, when it is; all of it takes as long as the rest of the installation.
"$venv/bin/python" -m pip install -q -q --no-compile "$@" ||
  stop "pip could not install what gisheat needs; its own words are above."
echo "$key" >"$venv/installed-$kind"
