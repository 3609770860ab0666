#!/bin/sh
# Installs packages of Debian: sh tools/apt.sh PACKAGE... ; ends with 1 where this machine or this user cannot.
# The lists of packages are read anew only where the installation fails without; one call at a time, since apt-get
# waits for others that install, not for others that read lists.
set -eu
[ $# -gt 0 ] || exit 1
command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || exit 1
export DEBIAN_FRONTEND=noninteractive

log=$(mktemp)
trap 'rm -f "$log"' EXIT
exec 9>/tmp/gisheat-apt.lock
! command -v flock >/dev/null 2>&1 || flock 9

install() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; }
install "$@" || { apt-get update -q >"$log" 2>&1 && install "$@"; } || {
  tail -n 15 "$log" >&2
  echo "tools/apt.sh: apt-get could not install $*; its last lines are above." >&2
  exit 1
}
