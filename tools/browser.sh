#!/bin/sh
# Makes sure that Chromium is on the machine, for the tests of `make verify` that open reports in it: Debian's package
# chromium, and a Chinese font (fonts-wqy-microhei) for reports in Chinese, where apt-get can bring them.
set -eu

has_browser() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
has_chinese() { [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]; }

stop() {
  echo "tools/browser.sh: $*" >&2
  exit 1
}

if has_browser && has_chinese; then exit 0; fi
{ command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; } ||
  stop "the tests of the report need Chromium and a Chinese font: install them with this system's package manager, on Debian the packages chromium and fonts-wqy-microhei."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 chromium fontconfig fonts-wqy-microhei >"$log" 2>&1; }
echo "Chromium: installing Debian's chromium and fonts-wqy-microhei for the tests (once; about 350 MB on disk, a minute) ..."
install || { apt-get update -q >"$log" 2>&1 && install; } || {
  tail -n 15 "$log" >&2
  stop "apt-get could not install chromium; its last lines are above."
}
has_browser || stop "chromium is installed, but there is no such program."
