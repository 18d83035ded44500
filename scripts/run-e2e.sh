#!/usr/bin/env bash
# End-to-end checks of one broker with real clients, on the local store and on S3 (a loopback server): kcat reads back what kcat wrote, Apache
# Kafka's clients of three ages what they wrote; the process refuses what it must and stops in order; then the broker is killed with kill -9 twenty times under
# four producers and every acknowledged record is read back.
#
#   scripts/run-e2e.sh [--kills N] [--seed S] [--store local|s3|both]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kills=20 seed=1 store=both
while [ $# -gt 0 ]; do
  case $1 in
    --kills) kills=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --store) store=$2; shift 2 ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

source scripts/lib/require-kcat.sh
scripts/build-if-stale.sh
work=$PWD/examples/cluster/target/e2e
rm -rf "$work" && mkdir -p "$work"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
source scripts/lib/e2e.sh

one_broker() { # NAME; with $store_settings
  dir=$work/$1
  start_broker "$dir" "${store_settings[@]}"
  source scripts/lib/kcat-checks.sh
  source scripts/lib/client-checks.sh
  source scripts/lib/process-checks.sh
  source scripts/lib/recovery-checks.sh
}

if [ "$store" != s3 ]; then
  store_settings=(OBJECT_STORE_TYPE=local "DATA_PATH=$work/local/data")
  one_broker local
  source scripts/lib/disk-full-checks.sh
fi
if [ "$store" != local ]; then
  start_s3 "$work/s3-objects"
  store_settings=("${s3_settings[@]}")
  one_broker s3
  stop_s3
fi

torture() { # STORE
  echo "== $kills kills under four producers on $1, seed $seed"
  "$java" -Xmx512m -cp "$(test_class_path)" io.sediment.cluster.torture.KillTorture \
    --jar examples/cluster/target/sediment.jar --store "$1" --dir "$work/torture-$1" --kills "$kills" --seed "$seed" ||
    { echo "FAILED: kill torture on $1; the broker's log: $work/torture-$1/broker.log" >&2; exit 1; }
  passed=$((passed + 1))
}
if [ "$store" != s3 ]; then torture local; fi
if [ "$store" != local ]; then torture s3; fi

echo "$passed passed, 0 failed"
