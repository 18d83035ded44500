#!/usr/bin/env bash
# Builds what is stale and runs one broker in the foreground. Settings: environment variables, see README.md.
# JAVA_OPTS goes to the JVM (default: -Xmx512m -XX:MaxDirectMemorySize=512m -XX:+ExitOnOutOfMemoryError).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/build-if-stale.sh"
export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-2} # the C library otherwise keeps an arena for every thread
archive=$root/examples/cluster/target/sediment.jsa
# shellcheck disable=SC2086  # JAVA_OPTS is a list of options
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "@$root/scripts/lib/jvm-options" ${JAVA_OPTS:--Xmx512m -XX:MaxDirectMemorySize=512m -XX:+ExitOnOutOfMemoryError} \
  -XX:SharedArchiveFile="$archive" -Xlog:cds=off -Xlog:cds+dynamic=off -jar "$root/examples/cluster/target/sediment.jar"
