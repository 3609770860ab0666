#!/bin/sh
# Makes sure that Chromium is on the machine, for the tests of `make verify` that open reports in it: Debian's package
# chromium, and a Chinese font (fonts-wqy-microhei) for reports in Chinese.
set -eu

has_browser() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
has_chinese() { [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]; }

if has_browser && has_chinese; then exit 0; fi
echo "Chromium: installing Debian's chromium and fonts-wqy-microhei for the tests (once; about 350 MB on disk, a minute) ..."
sh "$(dirname -- "$0")/apt.sh" chromium fontconfig fonts-wqy-microhei || {
  echo "tools/browser.sh: the tests of the report need Chromium and a Chinese font: install them with this system's package manager, on Debian the packages chromium and fonts-wqy-microhei." >&2
  exit 1
}
