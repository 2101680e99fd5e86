# shellcheck shell=bash
# What the tests and the demo fetch from npm needs Node.js and npm.

has_npm() { command -v node && command -v npm; }
