#!/usr/bin/env bash
# Runs the broker on an S3 server on loopback that takes as long to answer as S3 Standard (lognormal; PUT: median 60 ms, p99 250 ms; GET: median 30 ms),
# and prints what clients see. Nothing is asserted; what is aimed at stands beside each figure. Options are handed on:
#
#   scripts/bench-s3-latency.sh [--parts acks,pipeline,stall,catchup] [--partitions 1000] [--megabytes 1024] [--ack-seconds 40] [--rate-seconds 15] [--heap 1g] [--seed 1]
#
#   scripts/bench-s3-latency.sh --parts besidecatchup [--replay-megabytes 2048] [--load-mb-per-second 20] [--load-seconds 60] [--load-warm-seconds 30]
#       a steady load alone, and beside a reader that catches up from a cold cache.
#
#   taskset -c 1 scripts/bench-s3-latency.sh --parts besidecompactor --broker-cpus 0 [--pairs 12] [--window-seconds 10] [--replay-megabytes 2048] [--load-mb-per-second 4]
#     [--load-warm-seconds 60] [--compaction turns|never]
#       a load in pairs of windows, in one of which a compactor with a backlog waits and in the other works, and how they differ, with a confidence interval; with `never` it works in neither,
#       so that the interval says what this machine can resolve. Pairs end with the backlog. The broker has a core of its own, and all else the other one.
#
# --bucket DIR puts the bucket elsewhere, such as into memory. Each of the last two takes 5 to 10 minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
work=$PWD/examples/cluster/target/bench-s3
rm -rf "$work" && mkdir -p "$work"
trap 'rm -rf "$work/bucket" "$work/raft"' EXIT
"${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xms1g -Xmx1g -XX:+AlwaysPreTouch -cp "$(test_class_path)" io.sediment.cluster.bench.BenchOnSlowS3 \
  --jar examples/cluster/target/sediment.jar --dir "$work" "$@"
