package io.sediment.lsm.run;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.Block;
import java.util.List;

/**
 * Everything a run holds of one partition.
 *
 * <p>It stands for all offsets in {@code [fromOffset, toOffset)}: what of them is in no block was
 * taken by log compaction. A section may stand for none and be there for its producers alone.
 *
 * @param blocks in offset order; none where log compaction left nothing
 * @param fields for later versions, carried by whoever rewrites a run
 */
public record RunSection(
    PartitionId partition,
    long fromOffset,
    long toOffset,
    List<RunBlock> blocks,
    RunProducers producers,
    List<AbortedTxn> abortedTxns,
    ExtensionFields fields) {
  public RunSection {
    blocks = List.copyOf(blocks);
    abortedTxns = List.copyOf(abortedTxns);
    long expected = fromOffset;
    for (RunBlock each : blocks) {
      Block block = each.block();
      if (block.baseOffset() < expected || block.lastOffset() < block.baseOffset()) {
        throw new IllegalArgumentException(
            "run section: partition=" + partition + " expectedOffset=" + expected + " " + block);
      }
      expected = block.lastOffset() + 1;
    }
    if (fromOffset < 0 || toOffset < expected) {
      throw new IllegalArgumentException(
          "run section: partition="
              + partition
              + " fromOffset="
              + fromOffset
              + " toOffset="
              + toOffset
              + " blocksEnd="
              + expected);
    }
  }

  /** Whether it stands for any offset at all. */
  public boolean hasOffsets() {
    return toOffset > fromOffset;
  }

  /** Bytes of all blocks. */
  public long dataBytes() {
    return blocks.stream().mapToLong(each -> each.block().length()).sum();
  }

  /** Of all records; {@link Long#MIN_VALUE} without any. */
  public long maxTimestamp() {
    return blocks.isEmpty() ? Long.MIN_VALUE : blocks.get(blocks.size() - 1).block().maxTimestamp();
  }
}
