#!/usr/bin/env bash
# End-to-end checks of three brokers with real clients, on the local store and on S3 (a loopback server): under six producers brokers are killed with
# kill -9 in turn, the Raft leader too, and two of three at once; one is stopped past its lease and woken up; one is cut off from its peers, but not from its clients and
# the store, and another one only from what its peers send it; all are restarted in turn; one loses its disk.
# Every acknowledged record is then read back by two clients. At last three empty brokers recover the bucket while those that wrote to it still live, and
# everything is read back again. Prints how long each failover took, with its phases, and for how long each producer got no acknowledgement while a broker
# was stopped with SIGTERM.
#
#   scripts/run-cluster-e2e.sh [--only STEP,...] [--rounds N] [--partitions N] [--lease-ms MS|default] [--limit-ms MS] [--seconds-max S]
#     [--store local|s3|slow-s3|both] [--warm-seconds S] [--records-per-second N]
#
# The store slow-s3 takes as long to answer as S3 Standard. --warm-seconds lets a broker serve that long before the next one is stopped, in the step "rolling". --records-per-second: of each producer.
# Steps: kills, raft-leader, two-of-three, zombie, cut, half-cut, rolling, wiped, rebirth. --seconds-max fails a store's run that takes longer. --limit-ms fails one in
# which a failover took longer; for machines that do nothing else meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
only='' rounds=1 partitions=60 lease_ms=5000 limit_ms=0 seconds_max=360 store=both warm_seconds=0 records_per_second=100
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --partitions) partitions=$2; shift 2 ;;
    --lease-ms) lease_ms=$2; shift 2 ;;
    --limit-ms) limit_ms=$2; shift 2 ;;
    --seconds-max) seconds_max=$2; shift 2 ;;
    --store) store=$2; shift 2 ;;
    --records-per-second) records_per_second=$2; shift 2 ;;
    --warm-seconds) warm_seconds=$2; shift 2 ;;
    *) sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
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
    --store "$1" --dir "$work/$1" --only "$only" --rounds "$rounds" --partitions "$partitions" --lease-ms "$lease_ms" --limit-ms "$limit_ms" \
    --warm-seconds "$warm_seconds" --records-per-second "$records_per_second" --seconds-max "$seconds_max" ||
    { echo "FAILED: cluster torture on $1; the brokers' logs: $work/$1/broker-*.log" >&2; exit 1; }
}
if [ "$store" = both ]; then
  torture local
  torture s3
else
  torture "$store"
fi
echo "passed"
