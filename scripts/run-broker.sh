#!/usr/bin/env bash
# Builds what is stale and runs one broker in the foreground. Settings: environment variables, see README.md.
# JAVA_OPTS goes to the JVM (default: -Xmx512m -XX:MaxDirectMemorySize=512m -XX:+ExitOnOutOfMemoryError).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/lib/broker-command.sh"
"$root/scripts/build-if-stale.sh"
set_broker_command "-Xmx512m -XX:MaxDirectMemorySize=512m -XX:+ExitOnOutOfMemoryError"
exec "${broker_command[@]}"
