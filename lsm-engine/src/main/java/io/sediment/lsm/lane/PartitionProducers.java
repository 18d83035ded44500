package io.sediment.lsm.lane;

import io.sediment.lsm.memtable.PartitionTail;
import io.sediment.lsm.memtable.PartitionTails;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import io.sediment.lsm.object.ProducersOfLanes;
import java.util.List;

/**
 * Producer states of one partition, once they are loaded: those as of the memtable flushed last,
 * and on top of it what is in memory (invariant I9: a function of the log). Of the log in this lane
 * alone, unless what older lanes know was {@linkplain #inherit inherited}, now or by who had the
 * lane before. Thread-safe.
 */
final class PartitionProducers {
  /**
   * What a flush says of a partition's producers.
   *
   * @param isInherited whether older lanes have nothing to add
   */
  record Snapshot(List<ProducerEntry> entries, boolean isInherited) {}

  private final ProducerExpiry expiry;
  private ProducerStates flushed; // guarded by this
  private long flushedTo; // guarded by this: changes of offsets below are in flushed
  private boolean isInherited; // guarded by this

  /**
   * @param snapshot as of all that is flushed
   */
  PartitionProducers(Snapshot snapshot, ProducerExpiry expiry) {
    this.expiry = expiry;
    this.flushed = ProducerStates.of(snapshot.entries());
    this.isInherited = snapshot.isInherited();
    flushed.expireBefore(expiry.beforeMs());
  }

  /**
   * Takes over what all older lanes together know. May be done again, as under the next leadership.
   */
  synchronized void inherit(List<ProducerEntry> older) {
    ProducersOfLanes all = new ProducersOfLanes().add(older).add(flushed.snapshot());
    flushed = ProducerStates.of(all.entries());
    flushed.expireBefore(expiry.beforeMs());
    isInherited = true;
  }

  /** The partition was led elsewhere meanwhile, where more may have happened. */
  synchronized void disinherit() {
    isInherited = false;
  }

  synchronized boolean isInherited() {
    return isInherited;
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
   * Producers that were silent for too long are forgotten, unless they are heard of in this tail.
   */
  synchronized Snapshot flush(PartitionTail tail) {
    if (tail.baseOffset() < flushedTo) {
      throw new IllegalStateException(
          "tail flushed twice: partition="
              + tail.partition()
              + " baseOffset="
              + tail.baseOffset()
              + " flushedTo="
              + flushedTo);
    }
    flushed.expireBefore(expiry.beforeMs());
    flushed.apply(tail.producerChanges());
    flushedTo = tail.nextOffset();
    return new Snapshot(flushed.snapshot(), isInherited);
  }
}
