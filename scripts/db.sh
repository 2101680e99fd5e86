#!/usr/bin/env bash
# make db: a private Postgres for developing, until Ctrl-C; it prints its DATABASE_URL and keeps its data in .demo/.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages ports processes postgres; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

demo=$PWD/.demo

need pg_find postgresql
install_needed
make_demo_folder
hold_lock "$demo/dev.lock" || die "the development database of this checkout is already running."
trap 'exit 0' INT TERM HUP
trap 'trap "" INT TERM HUP; pg_stop' EXIT
umask 077
pg_settle dev
pg_start 25432 "$demo/dev.log" "${pg_careless[@]}" -c max_connections=300
pg_database dinggate_dev
say "DATABASE_URL=$pg_url/dinggate_dev" "" "Ctrl-C stops it."
while is_alive "$pg_pid"; do pause 1; done
tail_of "$demo/dev.log"
die "Postgres has ended."
