# shellcheck shell=bash
# axe-core, which finds what keeps people from using a page, as npm has it.

# fetch_axe: puts the release that scripts/axe names into target/axe. Nothing is done where it is there already.
fetch_axe() {
  local folder=target/axe
  if cat scripts/axe/*.json | cmp -s - "$folder/fetched"; then return; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  cp scripts/axe/package.json scripts/axe/package-lock.json "$folder/"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || return
  cat scripts/axe/*.json >"$folder/fetched"
}
