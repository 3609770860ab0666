#!/bin/sh
# Makes sure that LibreOffice's spreadsheet is on the machine, for the tests of `make verify` that have it calculate our
# workbooks again: Debian's package libreoffice-calc-nogui (no window, no Java).
set -eu

has_office() { command -v soffice >/dev/null 2>&1; }

stop() {
  echo "tools/office.sh: $*" >&2
  exit 1
}

if has_office; then exit 0; fi
{ command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; } ||
  stop "the tests need LibreOffice Calc (soffice): install it with this system's package manager, on Debian the package libreoffice-calc-nogui."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 libreoffice-calc-nogui >"$log" 2>&1; }
echo "LibreOffice: installing Debian's libreoffice-calc-nogui for the tests (once; about 400 MB on disk, a minute) ..."
install || { apt-get update -q >"$log" 2>&1 && install; } || {
  tail -n 15 "$log" >&2
  stop "apt-get could not install libreoffice-calc-nogui; its last lines are above."
}
has_office || stop "libreoffice-calc-nogui is installed, but there is no soffice."
