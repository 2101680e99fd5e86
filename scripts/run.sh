#!/usr/bin/env bash
# make run: the whole product on this machine, with a made-up company: a private Postgres (unless DATABASE_URL
# is set), the DingTalk simulator and dinggate. What it keeps lies in .demo/.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain ports processes postgres npm jsapi demo; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

demo=$PWD/.demo
names=()
pids=()

main() {
  [ "$(uname -s)" = Linux ] || die "make run is written for Linux."
  bypass_proxy
  prepare
  trap 'exit 0' INT TERM HUP
  trap stop_all EXIT
  build
  prepare_jsapi
  umask 077
  demo_secrets
  start_database
  start_programs
  demo_leaver
  demo_banner | tee "$demo/addresses.txt" || true
  watch_over
}

prepare() {
  find_rust
  need has_curl curl ca-certificates
  need has_linker gcc libc6-dev
  if ! has_database; then need pg_find postgresql; fi
  install_needed
  make_demo_folder
  hold_lock "$demo/run.lock" || {
    cat "$demo/addresses.txt" 2>/dev/null || true
    die "the demo of this checkout is already running." "End it with Ctrl-C where it was started."
  }
  rm -f "$demo/addresses.txt"
  end_stale "$demo/dinggate.pid"
  end_stale "$demo/simulator.pid"
}

has_database() { [ -n "${DATABASE_URL:-}${DATABASE_URL_FILE:-}" ]; }

# The checked queries are compiled from .sqlx/, whatever database the environment names.
build() {
  step "Building (the first time takes some minutes)"
  SQLX_OFFLINE=true in_group cargo build --workspace --bins 9>&- ||
    die "the build failed; cargo's own words stand above."
}

start_database() {
  database_note=
  if has_database; then return; fi
  pg_settle postgres
  step "Starting a private Postgres"
  pg_start 15432 "$demo/postgres.log"
  # Without the secrets that belong to them, old data is of no use: somebody has removed .demo/.
  [ -z "$demo_is_new" ] || pg_sql postgres -qc 'set client_min_messages = error' -c 'drop database if exists dinggate'
  pg_database dinggate
  export DATABASE_URL=$pg_url/dinggate
  database_note=$DATABASE_URL
}

# prepare_jsapi: sets `jsapi`, DingTalk's script for pages, where npm can give it; without it the demo has only
# the QR code.
prepare_jsapi() {
  jsapi=
  has_npm >/dev/null || return 0
  if bundle_jsapi 2>/dev/null; then jsapi=$PWD/target/jsapi/default.js; fi
}

# The simulator answers first, for dinggate reads the directory when its staff table is empty.
start_programs() {
  demo_forget_environment
  free_port 8080
  portal_port=$port portal_url=http://127.0.0.1:$port
  free_port 8090
  sim_port=$port sim_url=http://127.0.0.1:$port
  company_is_new=
  [ -s "$demo/company.json" ] || company_is_new=yes
  step "Starting the DingTalk simulator and dinggate"
  start simulator export_sim_settings target/debug/dingtalk-sim
  wait_for "$sim_url/"
  start dinggate export_dinggate_settings target/debug/dinggate serve
  wait_for "$portal_url/readyz"
}

# start NAME SETTINGS COMMAND…: starts one program with its settings, its output in .demo/NAME.log.
start() {
  local name=$1 settings=$2
  shift 2
  (
    "$settings"
    exec "${own_session[@]}" "$@"
  ) </dev/null >"$demo/$name.log" 2>&1 9>&- &
  names+=("$name")
  pids+=($!)
  remember $! "$demo/$name.pid"
  disown
}

# wait_for URL: waits until the program started last answers there with a success.
wait_for() {
  local tries=300
  until curl --noproxy '*' -fsS -m 2 -o /dev/null "$1" 2>/dev/null; do
    check_all
    if [ $((tries--)) -eq 0 ]; then
      tail_of "$demo/${names[-1]}.log"
      die "${names[-1]} did not answer at $1 within a minute."
    fi
    pause 0.2
  done
}

# check_all: ends the demo when one of its programs has ended.
check_all() {
  local i
  for i in "${!pids[@]}"; do
    is_alive "${pids[i]}" || report_end "${names[i]}"
  done
  if [ -n "${pg_pid:-}" ]; then is_alive "$pg_pid" || report_end postgres; fi
}

report_end() {
  tail_of "$demo/$1.log"
  die "$1 has ended, and so the demo ends."
}

watch_over() {
  while check_all; do pause 1; done
}

# In the order that lets each finish: what dinggate has in flight needs the others.
stop_all() {
  trap '' INT TERM HUP
  end_group
  if [ -n "${pg_pid:-}${pids[*]:-}" ]; then step "Stopping"; fi
  local i
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    end "${pids[i]}" TERM 12
    rm -f "$demo/${names[i]}.pid"
  done
  pg_stop
}

main
