#!/usr/bin/env bash
# make reset: forgets all that `make run` and `make db` keep: secrets, logs, the made-up company, the databases.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say processes postgres; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

demo=$PWD/.demo

# remove_database NAME: ends a server that a killed run left on the data called NAME and removes the data.
remove_database() {
  [ -s "$demo/$1.home" ] || return 0
  pg_home=$(cat "$demo/$1.home")
  case $pg_home in
    "$demo/$1" | /var/lib/dinggate-demo/?* | /tmp/dinggate-demo.?*) ;;
    *) die "$demo/$1.home names $pg_home, which is not a place that the demo uses." ;;
  esac
  [ -d "$pg_home" ] || return 0
  pg_choose_user "$pg_home"
  pg_end_stale
  rm -rf -- "$pg_home"
}

[ -d "$demo" ] || exit 0
for lock in run dev; do
  hold_lock "$demo/$lock.lock" || die "make $lock is still running in this checkout; please end it with Ctrl-C first."
done
end_stale "$demo/dinggate.pid"
end_stale "$demo/simulator.pid"
remove_database postgres
remove_database dev
rm -rf -- "$demo"
say "The demo's data is gone."
