#!/usr/bin/env bash
# make bench [PARTS="crypto start pages logins events storm sync"] [PEOPLE=100000] [DEPARTMENTS=2000] [LOGINS=2000]:
# measures the release build with a Postgres as it is installed, that is, one that really writes to the disk at each
# commit; replaces the sections of these parts in docs/benchmarks.md.
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
  need has_openssl openssl
  install_needed
  trap 'exit 130' INT TERM HUP
  trap tidy_up EXIT
  # The log's lines begin with their database, so that the statements of an idle instance can be counted.
  start_throwaway_postgres -c shared_buffers=128MB -c log_line_prefix='%d '
  step "Building the release and measuring; this takes some minutes"
  DATABASE_URL=$pg_url/postgres BENCH_POSTGRES_LOG=$pg_log SQLX_OFFLINE=true in_group cargo bench --bench bench ${CI:+--locked}
}

tidy_up() {
  trap '' INT TERM HUP
  end_group
  remove_throwaway_postgres
}

main
