#!/usr/bin/env bash
# Measures consumer groups; nothing is asserted. Options are handed on.
#
#   scripts/bench-groups.sh [--rounds 3] [--groups 1000] [--commits 10] [--warm-seconds 20] [--seconds 30] [--heap 1g] [--only sediment|kafka]
#       that many groups of one member, each with a connection of its own, commit that often a second: beside a real Apache Kafka, in turn, in one run.
#       About 7 minutes.
#
#   scripts/bench-groups.sh load [--groups 1000] [--offsets 100000] [--rewrites 10] [--heap 1g]
#       one coordinator partition with that many committed offsets: killed, started again, and timed until it answers; killed and recovered from the bucket,
#       where a new lane takes it over, and timed again; then every offset is committed
#       that many times more, and the same once more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
main=BenchGroups
if [ "${1:-}" = load ]; then
  main=BenchGroupsLoad
  shift
fi
work=$PWD/examples/cluster/target/bench
mkdir -p "$work"
peer=$work/kafka-class-path
[ -s "$peer" ] || ./mvnw -B -q -ntp -f scripts/bench/pom.xml dependency:build-classpath -Dmdep.outputFile="$peer"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx512m -cp "$(test_class_path)" "io.sediment.cluster.bench.$main" \
  --jar examples/cluster/target/sediment.jar --kafka-class-path "$(cat "$peer")" --dir "$work" "$@"
