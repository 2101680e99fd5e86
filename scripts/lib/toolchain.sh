# shellcheck shell=bash
# Finding a cargo that is new enough.

rust_needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

# version_reaches NEEDED HAVE: whether HAVE is NEEDED or newer.
version_reaches() {
  [ -n "$2" ] && printf '%s\n%s\n' "$1" "$2" | sort -V -C
}

rust_version() { { rustc --version || true; } 2>/dev/null | cut -d ' ' -f 2; }

# find_rust: puts cargo on the PATH, or says how to get one. Debian's own rustc, which is older, may stand
# first on the PATH of a machine that also has rustup's.
find_rust() {
  local rustup_bin=${CARGO_HOME:-${HOME:-/root}/.cargo}/bin found
  if command -v cargo >/dev/null && version_reaches "$rust_needed" "$(rust_version)"; then return; fi
  found=$(rust_version)
  if [ -x "$rustup_bin/cargo" ]; then
    export PATH=$rustup_bin:$PATH
    hash -r
    if version_reaches "$rust_needed" "$(rust_version)"; then return; fi
    found=$(rust_version)
  fi
  if command -v rustup >/dev/null; then
    die "Rust $rust_needed or newer is needed; rustc found: ${found:-none, no default toolchain is set}." \
      "Please run: rustup update stable && rustup default stable"
  fi
  die "Rust $rust_needed or newer is needed; rustc found: ${found:-none}." \
    "Please install it from https://rustup.rs (no root needed) and try again."
}

# need_component COMMAND COMPONENT: stops where a part of the toolchain is not installed.
need_component() {
  cargo "$1" --version >/dev/null 2>&1 || die "cargo $1 is missing." "Please run: rustup component add $2"
}
