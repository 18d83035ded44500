package io.sediment.lsm.lane;

import io.sediment.lsm.memtable.PartitionTail;
import io.sediment.lsm.memtable.PartitionTails;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import java.util.List;

/**
 * Producer states of one partition, once they are loaded: those as of the memtable flushed last,
 * and on top of it what is in memory (invariant I9: a function of the log). Thread-safe.
 */
final class PartitionProducers {
  private final ProducerStates flushed; // guarded by this
  private long flushedTo; // guarded by this: changes of offsets below are in flushed

  /**
   * @param flushedTo first offset whose changes are not in {@code snapshot}
   */
  PartitionProducers(List<ProducerEntry> snapshot, long flushedTo) {
    this.flushed = ProducerStates.of(snapshot);
    this.flushedTo = flushedTo;
  }

  /** The states after everything appended. */
  synchronized List<ProducerEntry> appended(PartitionTails tails) {
    ProducerStates states = ProducerStates.of(flushed.snapshot());
    for (PartitionTail tail : tails.tails()) {
      if (tail.baseOffset() >= flushedTo) {
        states.apply(tail.producerChanges());
      }
    }
    return states.snapshot();
  }

  /**
   * The states after {@code tail}, which is being flushed, in the order memtables were cut.
   *
   * @param expiredBeforeMs producers last heard of before that are forgotten, unless they are heard
   *     of in this tail
   */
  synchronized List<ProducerEntry> flush(PartitionTail tail, long expiredBeforeMs) {
    if (tail.baseOffset() < flushedTo) {
      throw new IllegalStateException(
          "tail flushed twice: partition="
              + tail.partition()
              + " baseOffset="
              + tail.baseOffset()
              + " flushedTo="
              + flushedTo);
    }
    flushed.expireBefore(expiredBeforeMs);
    flushed.apply(tail.producerChanges());
    flushedTo = tail.nextOffset();
    return flushed.snapshot();
  }
}
