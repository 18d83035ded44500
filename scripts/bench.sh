#!/usr/bin/env bash
# Measures this broker beside a real Apache Kafka, in turn, in one run on one machine: the same clients, heap and records for both.
# Prints medians, spreads and ratios; nothing is asserted. Options are handed on:
#
#   scripts/bench.sh [--rounds 3] [--warm-mb 2048] [--measure-mb 1024] [--partitions 8,1000] [--heap 1g] [--batch-sizes 16384,262144] [--producers 1,4]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
work=$PWD/examples/cluster/target/bench
mkdir -p "$work"
peer=$work/kafka-class-path
[ -s "$peer" ] || ./mvnw -B -q -ntp -f scripts/bench/pom.xml dependency:build-classpath -Dmdep.outputFile="$peer"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx512m -cp "$(test_class_path)" io.sediment.cluster.bench.BenchAgainstKafka \
  --jar examples/cluster/target/sediment.jar --kafka-class-path "$(cat "$peer")" --dir "$work" "$@"
