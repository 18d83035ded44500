#!/usr/bin/env bash
# Runs the broker on an S3 server on loopback that takes as long to answer as S3 Standard (lognormal; PUT: median 60 ms, p99 250 ms; GET: median 30 ms),
# and prints what clients see. Nothing is asserted; what is aimed at stands beside each figure. Options are handed on:
#
#   scripts/bench-s3-latency.sh [--parts acks,pipeline,stall,catchup] [--partitions 1000] [--megabytes 1024] [--ack-seconds 40] [--rate-seconds 15] [--heap 1g] [--seed 1]
#
#   scripts/bench-s3-latency.sh --parts besidecatchup [--replay-megabytes 2048] [--load-mb-per-second 20] [--load-seconds 60] [--load-warm-seconds 30]
#       a steady load alone, and beside a reader that catches up from a cold cache.
#
#   scripts/bench-s3-latency.sh --parts besidecompactor [--windows 12] [--window-seconds 10] [--replay-megabytes 2048] [--load-mb-per-second 20] [--load-warm-seconds 30]
#       a steady load in windows in which a compactor with a backlog waits and works in turns.
#
# --bucket DIR puts the bucket elsewhere, such as into memory. Each of the last two takes about 5 minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
work=$PWD/examples/cluster/target/bench-s3
rm -rf "$work" && mkdir -p "$work"
trap 'rm -rf "$work/bucket" "$work/raft"' EXIT
"${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx1g -cp "$(test_class_path)" io.sediment.cluster.bench.BenchOnSlowS3 \
  --jar examples/cluster/target/sediment.jar --dir "$work" "$@"
