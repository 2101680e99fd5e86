# shellcheck shell=bash
# Ports on 127.0.0.1. The name localhost is never used: it may be ::1.

ports_given=' '

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port FIRST: sets `port` to the first port from FIRST on at which nobody listens and which this script
# has not given out before.
free_port() {
  for ((port = $1; port < $1 + 500; port++)); do
    case $ports_given in *" $port "*) continue ;; esac
    port_answers "$port" || {
      ports_given+="$port "
      return 0
    }
  done
  die "no port is free from $1 to $((port - 1)) on 127.0.0.1."
}

# bypass_proxy: keeps calls to this machine away from a proxy that the environment names.
bypass_proxy() {
  local here=127.0.0.1,localhost,::1
  export NO_PROXY=$here${NO_PROXY:+,$NO_PROXY} no_proxy=$here${no_proxy:+,$no_proxy}
}
