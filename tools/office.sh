#!/bin/sh
# Makes sure that LibreOffice's spreadsheet is on the machine, for the tests of `make verify` that have it calculate our
# workbooks again: Debian's package libreoffice-calc-nogui (no window, no Java).
set -eu

command -v soffice >/dev/null 2>&1 && exit 0
echo "LibreOffice: installing Debian's libreoffice-calc-nogui for the tests (once; about 400 MB on disk, a minute) ..."
sh "$(dirname -- "$0")/apt.sh" libreoffice-calc-nogui || {
  echo "tools/office.sh: the tests need LibreOffice Calc (soffice): install it with this system's package manager, on Debian the package libreoffice-calc-nogui." >&2
  exit 1
}
