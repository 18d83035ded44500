#!/usr/bin/env bash
# What re-clustering costs: MB/s per core, CPU seconds per GB and bytes written per byte, of level 0 on the local disk, for many small and for few large partitions.
# Nothing is asserted.
#
#   scripts/bench-compaction.sh [GB 1] [BATCH_BYTES 16384]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build-if-stale.sh
source scripts/lib/class-paths.sh
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx1g -XX:MaxDirectMemorySize=1g -cp "compactor/target/test-classes:lsm-engine/target/test-classes:$(test_class_path)" \
  io.sediment.compactor.CompactionBench "$@"
