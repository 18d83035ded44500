#!/usr/bin/env bash
# One compacted partition with ten million keys in a broker of 512 MB (-Xmx256m, 256 MB of direct memory), then in a real Apache Kafka: the same records, and
# exactly the last one of each key must be left, which is checked one by one (exit status 1 otherwise). Prints memory, time and processor time. Options:
#
#   scripts/bench-keys.sh [--keys 10000000] [--value-bytes 24] [--jvm "-Xmx256m -XX:MaxDirectMemorySize=256m"] [--kafka-heap 512m] [--only sediment|kafka]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
work=$PWD/examples/cluster/target/bench
mkdir -p "$work"
peer=$work/kafka-class-path
[ -s "$peer" ] || ./mvnw -B -q -ntp -f scripts/bench/pom.xml dependency:build-classpath -Dmdep.outputFile="$peer"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx512m -cp "$(test_class_path)" io.sediment.cluster.bench.BenchManyKeys \
  --jar examples/cluster/target/sediment.jar --kafka-class-path "$(cat "$peer")" --dir "$work" "$@"
