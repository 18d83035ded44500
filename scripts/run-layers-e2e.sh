#!/usr/bin/env bash
# Hours of retention in minutes: a topic that is kept and one that expires after seconds, under kcat and Java producers, while the broker compacts, collects
# garbage and is killed between rounds. What lies in the bucket must stay bounded, every read from the beginning must be right, and what the store was asked is
# counted and priced. With --compaction elsewhere a process of its own compacts, and is killed with kill -9 in each round as well.
#
#   scripts/run-layers-e2e.sh [--store local|s3] [--compaction in-broker|elsewhere] [--rounds N] [--round-seconds S] [--seed S]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v kcat >/dev/null || { echo "kcat is missing; scripts/run-e2e.sh installs it" >&2; exit 1; }
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
work=$PWD/examples/cluster/target/layers-e2e
rm -rf "$work" && mkdir -p "$work"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx512m -cp "$(test_class_path)" io.sediment.cluster.torture.LayersTorture \
  --jar examples/cluster/target/sediment.jar --dir "$work" "$@"
