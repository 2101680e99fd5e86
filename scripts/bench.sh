#!/usr/bin/env bash
# make bench [PARTS="events sync"] [PEOPLE=100000] [DEPARTMENTS=2000]: measures events and a full sync with the release
# build and a Postgres as it is installed, that is, one that really writes to the disk at each commit; writes
# docs/benchmarks.md.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain ports processes postgres; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

main() {
  bypass_proxy
  find_rust
  need has_linker gcc libc6-dev
  need pg_find postgresql
  need has_taskset util-linux
  install_needed
  trap 'exit 130' INT TERM HUP
  trap tidy_up EXIT
  start_throwaway_postgres -c shared_buffers=128MB
  step "Building the release and measuring; this takes some minutes"
  DATABASE_URL=$pg_url/postgres SQLX_OFFLINE=true in_group cargo bench --bench bench ${CI:+--locked}
}

tidy_up() {
  trap '' INT TERM HUP
  end_group
  remove_throwaway_postgres
}

main
