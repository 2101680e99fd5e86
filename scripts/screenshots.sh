#!/usr/bin/env bash
# make screenshots: takes the pictures in docs/images/ anew, from a demo company of its own that is thrown away
# afterwards. `make run` and what it keeps are not touched.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain ports processes postgres demo; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

demo=
pids=()

main() {
  bypass_proxy
  find_rust
  need has_curl curl ca-certificates
  need has_linker gcc libc6-dev
  need pg_find postgresql
  need has_chromium chromium chromium-driver
  need has_chinese_font fonts-noto-cjk
  need has_python python3
  install_needed
  trap 'exit 130' INT TERM HUP
  trap tidy_up EXIT
  build
  demo=$(mktemp -d)
  demo_secrets
  start_throwaway_postgres
  pg_database dinggate
  export DATABASE_URL=$pg_url/dinggate
  unset DATABASE_URL_FILE
  start_programs
  take_pictures
}

has_python() { debian_python -c 'import json, urllib.request'; }

build() {
  step "Building (the first time takes some minutes)"
  SQLX_OFFLINE=true in_group cargo build --workspace --bins || die "the build failed; cargo's own words stand above."
}

start_programs() {
  demo_forget_environment
  unset "${!DINGGATE_@}"
  free_port 28080
  portal_port=$port portal_url=http://127.0.0.1:$port
  free_port 28090
  sim_port=$port sim_url=http://127.0.0.1:$port
  free_port 28070
  driver_url=http://127.0.0.1:$port
  step "Starting the DingTalk simulator, dinggate and Chromium's driver"
  start simulator export_sim_settings target/debug/dingtalk-sim
  wait_for "$sim_url/"
  start dinggate export_dinggate_settings target/debug/dinggate serve
  wait_for "$portal_url/readyz"
  start chromedriver true chromedriver "--port=$port"
  wait_for "$driver_url/status"
}

# start NAME SETTINGS COMMAND…: starts one program with its settings; its output goes to a log of that name.
start() {
  local name=$1 settings=$2
  shift 2
  (
    "$settings"
    exec "${own_session[@]}" "$@"
  ) </dev/null >"$demo/$name.log" 2>&1 &
  pids+=($!)
  disown
}

# wait_for URL: waits until the program started last answers there with a success.
wait_for() {
  local tries=300
  until curl --noproxy '*' -fsS -m 2 -o /dev/null "$1" 2>/dev/null; do
    if ! is_alive "${pids[-1]}" || [ $((tries--)) -eq 0 ]; then
      tail -n 25 -- "$demo"/*.log
      die "nothing answers at $1."
    fi
    pause 0.2
  done
}

take_pictures() {
  step "Filling the company with life"
  PORTAL=$portal_url SIMULATOR=$sim_url debian_python scripts/screenshots.py live
  # All of it has happened within seconds; the pictures show a morning.
  pg_sql dinggate -q <scripts/screenshots.sql
  step "Taking the pictures"
  PORTAL=$portal_url SIMULATOR=$sim_url DRIVER=$driver_url debian_python scripts/screenshots.py shoot docs/images
}

tidy_up() {
  trap '' INT TERM HUP
  end_group
  local i
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do end "${pids[i]}" TERM 12; done
  remove_throwaway_postgres
  [ -z "$demo" ] || rm -rf -- "$demo"
}

main
