#!/usr/bin/env bash
# make fuzz [T=target] [FUZZ_SECONDS=60]: runs the fuzz targets, or one of them, for this long each, beginning with the
# inputs in fuzz/corpus. The first input that breaks a property ends the run; it is then in fuzz/artifacts.
# scripts/fuzz.sh --keep [target]: adds to fuzz/corpus, of the inputs found so far, those that reach code which none of
# the committed ones reaches.
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain cargo_tools processes; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

# A response of DingTalk's, a callback and a table of settings are all far shorter.
max_len=4096

main() {
  local is_keeping='' target
  if [ "${1:-}" = --keep ]; then
    is_keeping=1
    shift
  fi
  find_rust
  need has_linker gcc libc6-dev
  need has_cxx g++
  install_needed
  need_cargo_tool fuzz 0.13.2
  # The flags of the instrumentation are unstable, and Dinggate is built with the stable toolchain.
  export RUSTC_BOOTSTRAP=1 SQLX_OFFLINE=true CARGO_TARGET_DIR=$PWD/fuzz/target
  local targets
  mapfile -t targets < <(chosen "${1:-}")
  [ ${#targets[@]} -gt 0 ] || die "fuzz/fuzz_targets has no target ${1:-}."
  trap 'exit 130' INT TERM HUP
  trap end_group EXIT
  step "Building with instrumentation"
  # All targets share one library; one alone is built alone.
  in_group cargo fuzz build -s none ${1:+"$1"}
  for target in "${targets[@]}"; do
    if [ -n "$is_keeping" ]; then keep "$target"; else run "$target"; fi
  done
}

has_cxx() { command -v g++; }

# chosen [TARGET]: the names of all targets, or this one.
chosen() {
  local file name
  for file in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$file" .rs)
    if [ -z "$1" ] || [ "$1" = "$name" ]; then printf '%s\n' "$name"; fi
  done
}

# What is found goes to a folder that is not committed; the committed inputs are read only.
run() {
  local found=fuzz/target/found/$1 seconds=${FUZZ_SECONDS:-60}
  mkdir -p "$found"
  step "Fuzzing $1 for $seconds seconds"
  in_group cargo fuzz run -s none "$1" "$found" "fuzz/corpus/$1" -- \
    -max_total_time="$seconds" -max_len="$max_len" -timeout=10 -print_final_stats=1 -verbosity=0 ||
    die "$1 ended with an error; the lines above name it and the input in fuzz/artifacts/$1." \
      "Please fix it and add the input to fuzz/corpus/$1, where the tests repeat it."
}

# Committed inputs stay: some of them are there for a property that once did not hold, not for the code they reach.
keep() {
  local found=fuzz/target/found/$1
  mkdir -p "$found"
  step "Adding what is new among the inputs found for $1"
  in_group cargo fuzz run -s none "$1" "fuzz/corpus/$1" "$found" -- \
    -set_cover_merge=1 -use_counters=0 -max_len="$max_len" -verbosity=0
  say "$1: $(find "fuzz/corpus/$1" -type f | wc -l) inputs"
}

main "$@"
