#!/usr/bin/env bash
# make mutants [T=crypto|employment|plan|login]: changes one operator, condition or result after the other in the code
# that decides who is let in, and runs the tests that should notice. Ends with 1 if a change survives; the changes that
# may survive are in .cargo/mutants.toml, each with its reason.
# shellcheck disable=SC2034,SC2154 # variables shared with the files that it reads
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain cargo_tools ports processes postgres; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

parts=(crypto employment plan login)

main() {
  local part status chosen=("${parts[@]}")
  [ $# -le 1 ] || die "One part at a time, or all of them without T."
  [ -z "${1:-}" ] || chosen=("$1")
  [[ " ${parts[*]} " == *" ${chosen[0]} "* ]] || die "There is no part ${chosen[0]}; the parts are: ${parts[*]}."
  bypass_proxy
  unset "${!DINGGATE_@}" "${!DINGTALK_@}" "${!SIM_@}" DATABASE_URL DATABASE_URL_FILE
  find_rust
  need has_linker gcc libc6-dev
  [[ " ${chosen[*]} " != *" login "* ]] || need pg_find postgresql
  install_needed
  need_cargo_tool mutants 27.1.0
  trap 'exit 130' INT TERM HUP
  trap tidy_up EXIT
  # Each change is built in a copy of the tree; the dependencies are built once.
  export CARGO_TARGET_DIR=$PWD/target/mutants SQLX_OFFLINE=true CARGO_PROFILE_DEV_DEBUG=false
  local survived=()
  for part in "${chosen[@]}"; do
    step "Changing the code of: $part"
    status=0
    "check_$part" || status=$?
    # cargo-mutants ends with 2 if a change was missed and with 3 if the tests of one did not end.
    case $status in
    0) ;;
    2 | 3) survived+=("$part") ;;
    *) die "The changes of $part could not be tried; cargo's own words stand above." ;;
    esac
  done
  [ ${#survived[@]} -eq 0 ] || die "No test notices some changes (MISSED or TIMEOUT above) in: ${survived[*]}." \
    "Please add a test, or the reason why the change makes no difference to .cargo/mutants.toml."
}

check_crypto() {
  mutate crypto -p dingtalk -f 'crates/dingtalk/src/callback.rs' -f 'crates/dingtalk/src/callback/*.rs' \
    -- --lib --test callback_crypto
}

check_employment() {
  mutate employment -p dinggate -f 'src/domain/employment.rs' -- --lib domain::employment
}

check_plan() {
  mutate plan -p dinggate -f 'src/service/directory_sync/plan.rs' -f 'src/service/directory_sync/plan/**/*.rs' \
    -- --lib directory_sync::plan
}

# The decision reads tables and asks DingTalk: the tests are those of the login, with a database and the simulator.
check_login() {
  start_throwaway_postgres || return
  pg_fill_template || return
  DATABASE_URL=$pg_url/postgres TEST_POSTGRES_BIN=$pg_bin \
    mutate login -p dinggate -f 'src/service/login/access_decision.rs' -- --test it -- login:: login_decision::
}

# mutate PART OPTION…: runs cargo-mutants, whose lists of what was caught and missed are then in target/mutants/PART.
mutate() {
  local output=$PWD/target/mutants/$1
  shift
  mkdir -p "$output" || return
  in_group cargo mutants --jobs 1 --output "$output" --minimum-test-timeout 120 "$@"
}

tidy_up() {
  trap '' INT TERM HUP
  end_group
  remove_throwaway_postgres
}

main "$@"
