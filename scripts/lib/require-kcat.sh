# Installs kcat where that is possible without asking, or says how to. Sourced.
if ! command -v kcat >/dev/null; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq kcat) >/dev/null
  else
    echo "kcat is missing; install it (Debian and Ubuntu: apt-get install kcat; macOS: brew install kcat) and run again" >&2
    exit 1
  fi
fi
