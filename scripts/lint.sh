#!/usr/bin/env bash
# make lint: formatting, clippy with every warning an error, and the shell scripts where shellcheck is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
for part in say packages toolchain; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done

find_rust
need_component fmt rustfmt
need_component clippy clippy
need has_linker gcc libc6-dev
install_needed

step "Formatting"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check
step "Clippy"
SQLX_OFFLINE=true cargo clippy --workspace --all-targets ${CI:+--locked} -- -D warnings
step "Unused items"
# The compiler finds them only without the feature of the tests, which makes every item public.
SQLX_OFFLINE=true cargo clippy --workspace ${CI:+--locked} -- -A clippy::all -A clippy::pedantic -D warnings
if has_shellcheck >/dev/null; then
  step "Shell scripts"
  shellcheck .ci/run scripts/*.sh scripts/lib/*.sh
else
  warn "shellcheck is not installed: the shell scripts were not checked."
fi
