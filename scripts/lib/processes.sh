# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables shared with the scripts that read this file
# Starting programs and ending them by their id, never by a name.

# A program of ours gets a session of its own, so that Ctrl-C reaches this script alone, which then stops
# them in order; and it gets SIGTERM when this script is killed outright.
own_session=(setsid setpriv --pdeathsig TERM --)

# A process that has ended but that nobody has waited for (state Z) counts as ended.
is_alive() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  [ "${stat%% *}" != Z ]
}

# started_at PID: when the kernel started it; with the id it names one process for good, for ids come round.
started_at() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra fields <<<"${stat##*) }"
  printf '%s\n' "${fields[19]}"
}

# remember PID FILE: writes down a process that was just started.
remember() { printf '%s %s\n' "$1" "$(started_at "$1")" >"$2"; }

# end PID SIGNAL SECONDS: asks a process to stop, waits, then makes it.
end() {
  local pid=$1 tries=$(($3 * 10))
  kill "-$2" "$pid" 2>/dev/null || return 0
  while is_alive "$pid" && [ $((tries--)) -gt 0 ]; do sleep 0.1; done
  ! is_alive "$pid" || kill -KILL "$pid" 2>/dev/null || true
}

# end_stale FILE: ends the process that a run which was killed has left behind, if the file's id still is it.
end_stale() {
  local pid started
  [ -s "$1" ] && read -r pid started <"$1" || return 0
  if [ -n "$started" ] && [ "$(started_at "$pid")" = "$started" ]; then
    step "Ending process $pid, left behind by a run that was killed"
    end "$pid" TERM 12
  fi
  rm -f -- "$1"
}

# in_group COMMAND…: runs a command that a signal to this script ends at once, with all its children.
in_group() {
  local status=0
  env --default-signal=INT,QUIT setsid "$@" </dev/null &
  group=$!
  wait "$group" || status=$?
  group=
  return "$status"
}

end_group() {
  [ -z "${group:-}" ] || kill -TERM -- "-$group" 2>/dev/null || true
}

# hold_lock FILE: whether this script is now the only one that holds it. Programs are started with `9>&-`,
# so that one left behind does not hold it on.
hold_lock() {
  exec 9>>"$1"
  flock -n 9
}

# pause SECONDS: sleeps in such a way that a signal is taken at once.
pause() {
  sleep "$1" 9>&- &
  wait $! || true
}

# make_demo_folder: makes the folder that `demo` names, of which nobody else reads anything. Postgres's user,
# where that is another one, passes through it.
make_demo_folder() {
  if ! mkdir -p "$demo" || [ ! -w "$demo" ]; then
    die "$demo belongs to $(stat -c %U "$demo")." "Please run this as that user, or as root."
  fi
  chmod 711 "$demo"
}
