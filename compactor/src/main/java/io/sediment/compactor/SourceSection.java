package io.sediment.compactor;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.run.RunProducers;
import java.util.List;

/**
 * What one source of a compaction holds of one partition.
 *
 * @param fromOffset the section stands for the offsets from here
 * @param toOffset to before here
 */
public record SourceSection(
    PartitionId partition,
    long fromOffset,
    long toOffset,
    List<SourceBlock> blocks,
    RunProducers producers,
    List<AbortedTxn> abortedTxns,
    ExtensionFields fields) {
  /** A block and the object it lies in. */
  public record SourceBlock(DataRef object, Block block) {
    boolean isFollowedBy(SourceBlock next) {
      return object.equals(next.object)
          && block.position() + block.length() == next.block.position();
    }
  }

  public SourceSection {
    blocks = List.copyOf(blocks);
    abortedTxns = List.copyOf(abortedTxns);
  }
}
