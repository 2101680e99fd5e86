#!/usr/bin/env bash
# make sqlx: writes .sqlx/, what the checked queries need in order to be compiled without a database.
# make sqlx-check (--check): fails when .sqlx/ is not what it would write.
#
# The query macros write this themselves when they ask a database and SQLX_OFFLINE_DIR is set, so that
# sqlx-cli is not needed.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain ports processes postgres; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

written=$PWD/target/sqlx

main() {
  find_rust
  need has_linker gcc libc6-dev
  need pg_find postgresql
  install_needed
  trap 'exit 130' INT TERM HUP
  trap tidy_up EXIT
  start_throwaway_postgres
  apply_migrations
  ask_macros
  if [ "${1:-}" = --check ]; then compare; else replace; fi
}

apply_migrations() {
  pg_database schema
  local migration whole
  for migration in migrations/*.sql; do
    # One that builds an index beside running instances cannot be a transaction.
    whole=-1
    if grep -q '^-- no-transaction' "$migration"; then whole=; fi
    pg_sql schema -q ${whole:+"$whole"} -c 'set client_min_messages = warning' -f - <"$migration" ||
      die "the migration $migration failed."
  done
}

# The macros stand in the library only. Cargo does not see that the environment has changed: touching its root
# makes it compile the library again.
ask_macros() {
  step "Asking Postgres about the queries"
  rm -rf "$written"
  mkdir -p "$written"
  touch src/lib.rs
  DATABASE_URL=$pg_url/schema SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$written \
    in_group cargo check -p dinggate --lib ${CI:+--locked} ||
    die "the queries do not fit the schema, or the code does not compile; cargo's own words stand above."
}

compare() {
  diff -rq "$written" .sqlx >/dev/null || {
    diff -rq "$written" .sqlx || true
    die ".sqlx/ is stale." "Please run \`make sqlx\` and commit .sqlx/."
  }
  say ".sqlx/ is up to date."
}

replace() {
  rm -rf .sqlx
  cp -R "$written" .sqlx
  say ".sqlx/ holds $(find .sqlx -name '*.json' | wc -l) queries."
}

tidy_up() {
  trap '' INT TERM HUP
  end_group
  remove_throwaway_postgres
}

main "$@"
