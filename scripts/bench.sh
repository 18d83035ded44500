#!/usr/bin/env bash
# Measures this broker; nothing is asserted. Options are handed on.
#
#   scripts/bench.sh [--rounds 3] [--warm-mb 2048] [--measure-mb 1024] [--partitions 8,1000] [--heap 1g] [--batch-sizes 16384,262144] [--producers 1,4] [--settle-seconds 120]
#       beside a real Apache Kafka, in turn, in one run on one machine, the same clients, heap and records for both: medians, spreads and ratios.
#       About 25 minutes on a quiet machine of two cores. A short look of about 4 minutes:
#       scripts/bench.sh --rounds 1 --warm-mb 1024 --measure-mb 1024 --partitions 8 --producers 1 --latency-records 500 --settle-seconds 60 --idle-seconds 10
#
#   scripts/bench.sh small [--jvm "-Xmx256m -XX:+UseSerialGC"] [--mb-per-second 50] [--load-seconds 40] [--settle-seconds 75] [--idle-seconds 30] [--starts 5]
#       alone, in little memory at a steady rate; then idle; then killed and started again. About 3 minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
main=BenchAgainstKafka
if [ "${1:-}" = small ]; then
  main=BenchSmall
  shift
fi
work=$PWD/examples/cluster/target/bench
mkdir -p "$work"
peer=$work/kafka-class-path
[ -s "$peer" ] || ./mvnw -B -q -ntp -f scripts/bench/pom.xml dependency:build-classpath -Dmdep.outputFile="$peer"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx512m -cp "$(test_class_path)" "io.sediment.cluster.bench.$main" \
  --jar examples/cluster/target/sediment.jar --kafka-class-path "$(cat "$peer")" --dir "$work" "$@"
