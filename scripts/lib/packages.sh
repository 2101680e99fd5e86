# shellcheck shell=bash
# shellcheck disable=SC2154 # variables shared with the scripts that read this file
# What the machine lacks, and putting it there: with apt-get as root or by sudo that asks for no password,
# else by saying exactly what to run.

missing_packages=()
failed_checks=()

# need CHECK PACKAGE…: remembers the packages when CHECK, a command, fails.
need() {
  if "$1" >/dev/null 2>&1; then return; fi
  failed_checks+=("$1")
  missing_packages+=("${@:2}")
}

# Debian keeps it where other users than root do not look.
has_pgbouncer() { command -v pgbouncer || [ -x /usr/sbin/pgbouncer ]; }
has_nginx() { command -v nginx || [ -x /usr/sbin/nginx ]; }
has_openssl() { command -v openssl; }
has_curl() { command -v curl; }
has_taskset() { command -v taskset; }
has_make() { command -v make; }
has_linker() { [[ $(cc -print-file-name=crt1.o) == /* ]]; }
has_chromium() { command -v chromium && command -v chromedriver; }
has_shellcheck() { command -v shellcheck; }
has_chinese_font() { fc-list :lang=zh | grep -q . || ls /usr/share/fonts/opentype/noto/NotoSansCJK-*; }
has_venv() { debian_python -c 'import ensurepip, venv'; }

# The Python that Debian's python3-venv belongs to, whatever else stands first on the PATH.
debian_python() {
  if [ -x /usr/bin/python3 ]; then /usr/bin/python3 "$@"; else python3 "$@"; fi
}

# install_needed: installs what `need` found missing.
install_needed() {
  [ ${#missing_packages[@]} -gt 0 ] || return 0
  local root_by=()
  if ! command -v apt-get >/dev/null; then
    die "this machine lacks what Debian calls: ${missing_packages[*]}" \
      "Please install these with your system's package manager and try again."
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      die "these packages are missing: ${missing_packages[*]}" \
        "You are not root and there is no sudo without a password. Please run this, or have it run:" \
        "    sudo apt-get update" \
        "    sudo apt-get install -y ${missing_packages[*]}"
    fi
    root_by=(sudo -n)
  fi
  step "Installing ${missing_packages[*]}"
  apt_install "${missing_packages[@]}" ||
    die "apt-get could not install: ${missing_packages[*]}" "Its own words stand above."
  hash -r
  local check
  for check in "${failed_checks[@]}"; do
    if "$check" >/dev/null 2>&1; then continue; fi
    [ "$check" != pg_find ] || die "the Postgres of this system is older than $pg_oldest." \
      "Please install a newer one; Debian has one from version 12 on."
    die "${missing_packages[*]} were installed, and still $check fails."
  done
  missing_packages=()
  failed_checks=()
}

# The package lists of a fresh machine are empty and those of an old one stale: they are fetched when the
# first try fails.
apt_install() {
  local apt=("${root_by[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  local install=("${apt[@]}" -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@")
  "${install[@]}" </dev/null 2>/dev/null && return
  "${apt[@]}" update </dev/null
  "${install[@]}" </dev/null
}
