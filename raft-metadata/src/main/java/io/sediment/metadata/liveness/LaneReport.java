package io.sediment.metadata.liveness;

import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;

/**
 * What the owner of an open lane says of it, several times a lease.
 *
 * @param epoch of the lane
 * @param seq up to which its write-ahead log is acknowledged: everything up to there counts, for
 *     ever; it may be further by now
 * @param load of its partitions together, in bytes per second
 */
public record LaneReport(LaneId lane, long epoch, long seq, long load) {
  static final int BYTES_MIN = 4;

  void write(MetadataOutput out) {
    out.varint(lane.value()).varint(epoch).varint(seq).varint(load);
  }

  static LaneReport read(MetadataInput in) {
    return new LaneReport(new LaneId(in.varint32()), in.varint(), in.varint(), in.varint());
  }

  boolean isBehind(LaneReport other) {
    return epoch < other.epoch || (epoch == other.epoch && seq < other.seq);
  }
}
