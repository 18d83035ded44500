package io.sediment.metadata.liveness;

import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;

/**
 * Up to where the write-ahead log of an open lane is acknowledged, as its owner has announced it:
 * everything up to {@code seq} of {@code epoch} counts, for ever. It may be further by now.
 */
public record AckedSlot(LaneId lane, long epoch, long seq) {
  void write(MetadataOutput out) {
    out.varint(lane.value()).varint(epoch).varint(seq);
  }

  static AckedSlot read(MetadataInput in) {
    return new AckedSlot(new LaneId(in.varint32()), in.varint(), in.varint());
  }

  boolean isBehind(AckedSlot other) {
    return epoch < other.epoch || (epoch == other.epoch && seq < other.seq);
  }
}
