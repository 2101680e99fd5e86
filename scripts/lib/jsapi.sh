# shellcheck shell=bash
# DingTalk's script for pages, made of the npm package that its CDN's file is made of.

# bundle_jsapi: bundles the releases that scripts/jsapi names into target/jsapi: newest.js, and default.js, which
# is the release that DINGTALK_JSAPI_URL loads where nothing is set. Nothing is done where they are there already.
bundle_jsapi() {
  local folder=target/jsapi
  if cat scripts/jsapi/*.json | cmp -s - "$folder/bundled"; then return; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  cp scripts/jsapi/package.json scripts/jsapi/package-lock.json "$folder/"
  # No package's own scripts run: esbuild's program lies in a package as it is.
  (
    cd "$folder"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 &&
      npm run --silent newest >&2 && npm run --silent default >&2
  ) || return
  cat scripts/jsapi/*.json >"$folder/bundled"
}
