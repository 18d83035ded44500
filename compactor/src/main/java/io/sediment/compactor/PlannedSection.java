package io.sediment.compactor;

import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.run.RunProducers;
import java.util.List;

/**
 * A section of a run to be written.
 *
 * @param sections what it is made from; for rewriting only
 * @param isRewritten its blocks go through a filter
 */
record PlannedSection(
    PartitionId partition,
    long fromOffset,
    long toOffset,
    List<PlannedBlock> blocks,
    RunProducers producers,
    List<AbortedTxn> abortedTxns,
    ExtensionFields fields,
    List<SourceSection> sections,
    boolean isRewritten) {
  /**
   * @param isReferenced the run names the object it lies in; else its bytes are copied
   */
  record PlannedBlock(SourceBlock source, boolean isReferenced) {}

  /** Bytes of all blocks, before any filter. */
  long dataBytes() {
    return blocks.stream().mapToLong(each -> each.source().block().length()).sum();
  }
}
