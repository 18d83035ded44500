#!/usr/bin/env bash
# Builds examples/cluster/target/sediment.jar, and the archive of its classes, when it is missing or older than a source file, or than a folder of sources:
# one that a file was added to or deleted from is newer. Tests are compiled, since benchmarks and checks live among them, and not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jar=examples/cluster/target/sediment.jar
newer_source() {
  find pom.xml ./*/pom.xml examples/cluster/pom.xml ./*/src examples/cluster/src -newer "$jar" -print -quit
}
if [ ! -f "$jar" ] || [ -n "$(newer_source)" ]; then
  echo "building $jar (the first time this fetches the dependencies)" >&2
  ./mvnw -B -q -ntp -DskipTests package
  touch "$jar"
fi
[ "${jar%.jar}.jsa" -nt "$jar" ] || scripts/archive-classes.sh
