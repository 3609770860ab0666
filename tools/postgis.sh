#!/bin/sh
# Makes sure that PostgreSQL with PostGIS is on the machine for the tests with a real database: Debian's packages
# postgresql-15 and postgresql-15-postgis-3 (or those of its newer releases). Each test run starts a server of its own in
# a temporary folder (tests/servers.py); the cluster that Debian's package makes is neither started nor used.
set -eu

stop() {
  echo "tools/postgis.sh: $*" >&2
  exit 1
}

has_postgis() {
  for bin in /usr/lib/postgresql/*/bin $(command -v pg_config >/dev/null 2>&1 && pg_config --bindir); do
    [ -x "$bin/initdb" ] || continue
    for share in "/usr/share/postgresql/$(basename "$(dirname "$bin")")" "$("$bin/pg_config" --sharedir 2>/dev/null)"; do
      [ ! -f "$share/extension/postgis.control" ] || return 0
    done
  done
  return 1
}

packages() { apt-cache depends postgresql | sed -n 's/.*Depends: \(postgresql-[0-9]*\)$/\1 \1-postgis-3/p' | head -n 1; }

if has_postgis; then exit 0; fi
echo "PostGIS: installing Debian's PostgreSQL and PostGIS for the tests (once; about 20 s) ..."
apt_install() { sh "$(dirname -- "$0")/apt.sh" "$@"; }
# Debian's package makes and starts a cluster unless it is told not to.
apt_install postgresql-common &&
  sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf &&
  apt_install postgresql &&
  apt_install $(packages) || # shellcheck disable=SC2046 # two names of packages
  stop "the tests need PostgreSQL 12 or newer with PostGIS: install them with this system's package manager, on Debian the packages postgresql-15 and postgresql-15-postgis-3."
has_postgis || stop "the packages are installed, but PostGIS is not found beside PostgreSQL."
