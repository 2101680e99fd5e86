# shellcheck shell=bash
# Commands of Cargo's own that the toolchain does not bring: installed in target/tools.

# need_cargo_tool NAME VERSION: puts cargo-NAME on the PATH, of this version or a later one with the same first two
# numbers; cargo installs it where it is missing.
need_cargo_tool() {
  local name=$1 version=$2 tools=$PWD/target/tools
  export PATH=$tools/bin:$PATH
  case $("cargo-$name" "$name" --version 2>/dev/null) in
  "cargo-$name ${version%.*}."*) return ;;
  esac
  step "Installing cargo-$name $version"
  # A caller's target directory and flags are for this workspace, not for the tool.
  env -u CARGO_TARGET_DIR -u RUSTC_BOOTSTRAP cargo install --quiet --locked --root "$tools" --version "~$version" "cargo-$name" ||
    die "cargo-$name could not be installed; cargo's own words stand above."
  hash -r
}
