package io.sediment.lsm.object;

import io.sediment.lsm.PartitionId;
import java.util.List;

/**
 * Everything one sorted object holds of one partition: a gapless run of offsets (compacted topics
 * may have gaps inside it).
 *
 * @param blocks in offset order, adjacent in the object, at least one
 * @param producers state or change of state, see {@link SortedObjectKind}
 */
public record Section(
    PartitionId partition,
    List<Block> blocks,
    List<ProducerEntry> producers,
    List<AbortedTxn> abortedTxns) {
  public Section {
    blocks = List.copyOf(blocks);
    producers = List.copyOf(producers);
    abortedTxns = List.copyOf(abortedTxns);
    if (blocks.isEmpty()) {
      throw new IllegalArgumentException("section without blocks: " + partition);
    }
  }

  public long baseOffset() {
    return blocks.get(0).baseOffset();
  }

  /** Offset after the last record. */
  public long nextOffset() {
    return lastBlock().lastOffset() + 1;
  }

  public int lastLeaderEpoch() {
    return lastBlock().leaderEpoch();
  }

  public long maxTimestamp() {
    return lastBlock().maxTimestamp();
  }

  public long position() {
    return blocks.get(0).position();
  }

  /** Bytes of all blocks. */
  public long length() {
    return lastBlock().position() + lastBlock().length() - position();
  }

  private Block lastBlock() {
    return blocks.get(blocks.size() - 1);
  }
}
