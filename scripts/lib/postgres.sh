# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables shared with the scripts that read this file
# A private Postgres from the installed programs. Debian's own cluster on 5432 is never touched.
#
# It listens on 127.0.0.1 only, with a password, and on no Unix socket, whose path could be too long. The
# password goes over loopback in clear (`password`, not `scram-sha-256`): a debug build of a client spends
# about 0.1 s on each SCRAM login, which hundreds of tests would feel.

pg_oldest=14

# Each folder that may hold Postgres's programs, or `pg_only`; Debian keeps them off the PATH.
pg_program_dirs() {
  if [ -n "${pg_only:-}" ]; then
    printf '%s\n' "$pg_only"
    return
  fi
  printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin
  local on_path
  on_path=$(command -v initdb) && dirname -- "$(readlink -f -- "$on_path")"
}

pg_major() { "$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p'; }

# pg_find [MAJOR]: sets `pg_bin` to the newest programs, or to those of the major version.
pg_find() {
  local dir major best=$((pg_oldest - 1))
  pg_bin=
  while read -r dir; do
    if [ ! -x "$dir/initdb" ] || [ ! -x "$dir/psql" ]; then continue; fi
    major=$(pg_major "$dir")
    if [ -n "${1:-}" ] && [ "$major" != "$1" ]; then continue; fi
    if [ "${major:-0}" -gt "$best" ]; then
      best=$major
      pg_bin=$dir
    fi
  done < <(pg_program_dirs)
  [ -n "$pg_bin" ]
}

# pg_choose_user [DIR]: Postgres refuses to run as root, who therefore lends it another user's id: that of
# the owner of the data, if there is some.
pg_choose_user() {
  pg_as=(setpriv)
  [ "$(id -u)" -eq 0 ] || return 0
  pg_user=nobody
  ! id postgres >/dev/null 2>&1 || pg_user=postgres
  [ -z "${1:-}" ] || pg_user=$(stat -c %U "$1")
  pg_as+=("--reuid=$pg_user" "--regid=$(id -g "$pg_user")" --init-groups)
}

# Runs a program as that user, from a folder that it can enter, and without the caller's PG* variables.
pg_run() {
  env -i -C / PATH="$PATH" LC_ALL=C.UTF-8 ${PGPASSWORD:+PGPASSWORD="$PGPASSWORD"} "${pg_as[@]}" -- "$@"
}

# pg_can_live DIR: makes the folder and tells whether Postgres's user can enter it, write there and keep
# others out. It cannot in a checkout under /root, nor on some shared folders.
pg_can_live() {
  mkdir -p -- "$1" 2>/dev/null || return 1
  if [ "$(id -u)" -eq 0 ]; then chown -- "$pg_user" "$1" 2>/dev/null || return 1; fi
  chmod 700 -- "$1" 2>/dev/null || return 1
  # shellcheck disable=SC2016 # the inner shell expands it
  pg_run sh -c 'cd "$1" && : >probe && rm probe && [ "$(stat -c %a .)" = 700 ]' sh "$1" 2>/dev/null
}

# pg_settle NAME: sets `pg_home` to where the data called NAME lies: .demo/NAME if that can be, else a folder
# whose place is written down in .demo/NAME.home.
pg_settle() {
  local note=$demo/$1.home
  if [ -s "$note" ] && pg_home=$(cat "$note") && [ -d "$pg_home" ]; then
    pg_choose_user "$pg_home"
    pg_can_live "$pg_home" ||
      die "Postgres's data in $pg_home belongs to $(stat -c %U "$pg_home")." "Please run this as that user, or as root."
    return 0
  fi
  pg_choose_user
  pg_home=$demo/$1
  pg_can_live "$pg_home" || pg_settle_elsewhere "$1"
  printf '%s\n' "$pg_home" >"$note"
}

pg_settle_elsewhere() {
  rmdir -- "$pg_home" 2>/dev/null || true
  install -d -m 755 /var/lib/dinggate-demo 2>/dev/null || true
  pg_home=/var/lib/dinggate-demo/$(printf '%s' "$PWD" | sha256sum | cut -c 1-12)-$1
  if ! pg_can_live "$pg_home"; then
    pg_home=$(mktemp -d /tmp/dinggate-demo.XXXXXX)
    pg_can_live "$pg_home" || die "no folder was found in which Postgres can keep its data."
  fi
  say "Postgres cannot keep its data in this checkout; it lies in $pg_home"
}

# pg_settle_for_now: sets `pg_home` to a new folder and `pg_log` to a file beside it. The caller removes both;
# what a killed run left there goes after a day.
pg_settle_for_now() {
  local parent
  pg_choose_user
  find "${TMPDIR:-/tmp}" /tmp /var/tmp -maxdepth 1 -name 'dinggate-test.*' -mmin +1440 \
    -exec rm -rf {} + 2>/dev/null || true
  for parent in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
    pg_home=$(mktemp -d "$parent/dinggate-test.XXXXXX") || continue
    pg_log=$pg_home.log
    if pg_can_live "$pg_home"; then return; fi
    rmdir -- "$pg_home"
    pg_home=
  done
  die "no folder was found in which Postgres can keep its data for the tests."
}

# pg_create: makes the data folder, with a new password for the superuser `dinggate`, unless it is there.
pg_create() {
  if pg_run test -f "$pg_home/data/PG_VERSION" && pg_run test -f "$pg_home/complete"; then return; fi
  # shellcheck disable=SC2016 # the inner shell expands it
  head -c 24 /dev/urandom | base64 | tr -- '+/' '-_' |
    pg_run sh -c 'umask 077 && rm -rf "$1/data" && cat >"$1/password"' sh "$pg_home"
  pg_run "$pg_bin/initdb" --pgdata="$pg_home/data" --username=dinggate --pwfile="$pg_home/password" \
    --auth=password --encoding=UTF8 --locale=C.UTF-8 >"$1" 2>&1 || {
    tail_of "$1"
    die "Postgres's initdb failed."
  }
  pg_run touch "$pg_home/complete"
}

# pg_end_stale: ends a server that a killed run has left on this data. Its pid file names it; the id counts
# only if that process is a Postgres with this very data folder.
pg_end_stale() {
  local pid
  pid=$(pg_run sed -n 1p "$pg_home/data/postmaster.pid" 2>/dev/null) || return 0
  case $pid in '' | *[!0-9]*) return 0 ;; esac
  if tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$pg_home/data"; then
    step "Ending the Postgres with process id $pid, left behind by a run that was killed"
    end "$pid" INT 20
  elif is_alive "$pid"; then
    # The id has come round to another program, and Postgres would take that for itself.
    pg_run rm -f -- "$pg_home/data/postmaster.pid"
  fi
}

# pg_start FIRST_PORT LOG OPTION…: starts Postgres on the data in `pg_home`; sets `pg_pid`, `pg_port` and
# `pg_url`, an address without a database's name.
pg_start() {
  local first=$1 log=$2 tries=0 version
  shift 2
  version=$(pg_run cat "$pg_home/data/PG_VERSION" 2>/dev/null || true)
  pg_find "$version" || die "the data in $pg_home was made by Postgres $version, which is no longer installed." \
    "Please install it again, or let the demo begin anew: make reset"
  pg_create "$log"
  pg_end_stale
  PGPASSWORD=$(pg_run cat "$pg_home/password")
  while [ $((tries++)) -lt 8 ]; do
    free_port "$first"
    pg_port=$port
    pg_launch "$log" "$@"
    pg_wait && return
    # Somebody took the port in between, or processes of a killed server are still going.
    pg_stop
    sleep 0.5
  done
  tail_of "$log"
  die "Postgres did not start."
}

pg_launch() {
  local log=$1
  shift
  env -i -C / PATH="$PATH" LC_ALL=C.UTF-8 setsid "${pg_as[@]}" --pdeathsig INT -- \
    "$pg_bin/postgres" -D "$pg_home/data" -p "$pg_port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c timezone=UTC "$@" \
    </dev/null >"$log" 2>&1 9>&- &
  pg_pid=$!
  disown # or bash would report its end in words of its own
  pg_url=postgres://dinggate:$PGPASSWORD@127.0.0.1:$pg_port
}

# pg_wait: whether the server that was launched answers, within 30 s.
pg_wait() {
  local tries=150
  while [ $((tries--)) -gt 0 ] && is_alive "$pg_pid"; do
    ! pg_sql postgres -qAtc 'select 1' >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  return 1
}

# pg_sql DATABASE ARGUMENT…: runs psql as the superuser; the first error ends it with a failure.
pg_sql() {
  pg_run "$pg_bin/psql" -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$pg_port" -U dinggate -d "$@"
}

# pg_database NAME: makes the database unless it is there.
pg_database() {
  [ "$(pg_sql postgres -qAtc "select 1 from pg_database where datname = '$1'")" = 1 ] ||
    pg_sql postgres -qc "create database $1"
}

# pg_fill_template: puts the schema into template1, of which Postgres clones each test's database, and records the
# migrations as sqlx does, so that it finds them applied.
pg_fill_template() {
  local migration name
  {
    echo 'create table _sqlx_migrations (version bigint primary key, description text not null,
      installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
      execution_time bigint not null);'
    for migration in migrations/*.sql; do
      name=$(basename "$migration" .sql)
      cat "$migration"
      printf "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (%s, '%s', true, '\\\\x%s', 0);\n" "${name%%_*}" "$(tr _ ' ' <<<"${name#*_}")" "$(sha384sum <"$migration" | cut -d ' ' -f 1)"
    done
  } | pg_sql template1 -q -c 'set client_min_messages = warning' -f -
}

pg_stop() {
  [ -z "${pg_pid:-}" ] || end "$pg_pid" INT 20
  pg_pid=
}

# start_throwaway_postgres [OPTION…]: a Postgres for one run of a script. Without options it is fast, for nobody
# misses its data after a crash.
start_throwaway_postgres() {
  local options=("$@")
  [ $# -gt 0 ] || options=("${pg_careless[@]}")
  step "Starting a Postgres that is thrown away afterwards"
  pg_settle_for_now
  pg_start $((20000 + RANDOM % 8000)) "$pg_log" "${options[@]}" -c max_connections=300
}

pg_careless=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)

remove_throwaway_postgres() {
  pg_stop
  [ -z "${pg_home:-}" ] || rm -rf -- "$pg_home" "$pg_log"
}
