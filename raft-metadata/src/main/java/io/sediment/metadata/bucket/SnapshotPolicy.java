package io.sediment.metadata.bucket;

/**
 * Says when an export is to be a whole image rather than a delta: so seldom that images cost less
 * than the deltas between them, so often that reading the register stays a matter of a few
 * requests.
 */
record SnapshotPolicy(int deltasMax, long deltaBytesMin) {
  static final SnapshotPolicy DEFAULT = new SnapshotPolicy(64, 1 << 20);

  boolean wantsSnapshot(ExportState state, long nextDeltaBytes) {
    return state.deltaCount() + 1 > deltasMax
        || state.deltaBytes() + nextDeltaBytes > Math.max(deltaBytesMin, state.snapshotBytes());
  }
}
