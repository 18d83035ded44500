#!/usr/bin/env bash
# End-to-end checks of three brokers with real clients, on the local store and on S3 (a loopback server): under six producers brokers are killed with
# kill -9 in turn, the Raft leader too, two of three at once, stopped past their lease and woken up, restarted in turn, and all of them lose their disks.
# Every acknowledged record is then read back by two clients. Prints how long each failover took, with its phases.
#
#   scripts/run-cluster-e2e.sh [--rounds N] [--partitions N] [--limit-ms MS] [--store local|s3|both]
#
# --limit-ms fails a run in which a failover took longer; for machines that do nothing else meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=1 partitions=1000 limit_ms=0 store=both
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --partitions) partitions=$2; shift 2 ;;
    --limit-ms) limit_ms=$2; shift 2 ;;
    --store) store=$2; shift 2 ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

source scripts/lib/require-kcat.sh
scripts/build-if-stale.sh
work=$PWD/examples/cluster/target/cluster-e2e
rm -rf "$work" && mkdir -p "$work"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
source scripts/lib/class-paths.sh

torture() { # STORE
  echo "== three brokers on $1, $partitions partitions"
  "$java" -Xmx512m -cp "$(test_class_path)" io.sediment.cluster.torture.ClusterTorture --jar examples/cluster/target/sediment.jar \
    --store "$1" --dir "$work/$1" --rounds "$rounds" --partitions "$partitions" --limit-ms "$limit_ms" ||
    { echo "FAILED: cluster torture on $1; the brokers' logs: $work/$1/broker-*.log" >&2; exit 1; }
}
if [ "$store" != s3 ]; then torture local; fi
if [ "$store" != local ]; then torture s3; fi
echo "passed"
