# shellcheck shell=bash
# Words for the person at the terminal. A terminal that has gone away (SIGHUP) must not stop the tidying up,
# so that nothing here fails.

say() { printf '%s\n' "$*" 2>/dev/null || true; }
step() { printf '==> %s\n' "$*" 2>/dev/null || true; }
warn() { printf 'warning: %s\n' "$*" >&2 2>/dev/null || true; }

# die LINE…: says what is wrong and what to do, one line each, and ends the script with 1.
die() {
  printf 'error: %s\n' "$1" >&2 2>/dev/null || true
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2 2>/dev/null || true
  exit 1
}

# tail_of LOG: the last lines of a log, indented.
tail_of() {
  [ -s "$1" ] || return 0
  say "The last lines of $1:"
  tail -n 25 -- "$1" 2>/dev/null | sed 's/^/    /' 2>/dev/null || true
}
