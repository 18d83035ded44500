package io.sediment.lsm.object;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * State of one producer id on one partition, as a function of the log below some offset (invariant
 * I9).
 *
 * <p>The same shape serves as a delta (what some batches did) and as a snapshot (what all of them
 * did): {@link #then} folds a later one onto an earlier one. Kafka remembers the last five batches
 * of a producer, so that any of up to five requests in flight can be recognised as a duplicate.
 *
 * @param producerEpoch Kafka's producer epoch, 0..32767
 * @param coordinatorEpoch epoch of the transaction coordinator that wrote the last marker, -1
 *     without
 * @param txnFirstOffset first offset of the open transaction, -1 without
 * @param lastAppendMs when the leader last appended a batch of it, by the leader's wall clock, for
 *     expiry: timestamps in records may be of any age, as where one cluster is mirrored to another
 * @param batches the latest batches, oldest first, at most {@link #BATCHES_KEPT}; empty after an
 *     epoch bump by a marker
 */
public record ProducerEntry(
    long producerId,
    short producerEpoch,
    int coordinatorEpoch,
    long txnFirstOffset,
    long lastAppendMs,
    List<Batch> batches) {
  public static final int BATCHES_KEPT = 5;
  public static final int NO_COORDINATOR_EPOCH = -1;
  public static final long NO_OPEN_TXN = -1;

  /** One appended batch. Sequences wrap to 0 after {@link Integer#MAX_VALUE}. */
  public record Batch(
      int firstSequence, int lastSequence, long baseOffset, long lastOffset, long timestampMs) {}

  public ProducerEntry {
    batches = List.copyOf(batches);
    if (producerId < 0 || producerEpoch < 0 || batches.size() > BATCHES_KEPT) {
      throw new IllegalArgumentException(
          "producer entry: id="
              + producerId
              + " epoch="
              + producerEpoch
              + " batches="
              + batches.size());
    }
  }

  /**
   * This state followed by {@code later} of the same producer: another epoch forgets the batches of
   * the one before. Nearly always that is a newer one; an older one stands in the log where the
   * front end had forgotten the producer, and the log is right.
   */
  public ProducerEntry then(ProducerEntry later) {
    if (later.producerId != producerId) {
      throw new IllegalStateException("two producers in one: " + this + " then " + later);
    }
    List<Batch> merged = new ArrayList<>(BATCHES_KEPT * 2);
    if (later.producerEpoch == producerEpoch) {
      merged.addAll(batches);
    }
    merged.addAll(later.batches);
    return new ProducerEntry(
        producerId,
        later.producerEpoch,
        Math.max(coordinatorEpoch, later.coordinatorEpoch),
        later.txnFirstOffset,
        Math.max(lastAppendMs, later.lastAppendMs),
        merged.subList(Math.max(0, merged.size() - BATCHES_KEPT), merged.size()));
  }

  /** Whether it tells of a transaction, open or ended. */
  public boolean isTransactional() {
    return txnFirstOffset != NO_OPEN_TXN || coordinatorEpoch != NO_COORDINATOR_EPOCH;
  }

  /** The same without the batches that end at {@code offset} or before. */
  ProducerEntry withoutBatchesUpTo(long offset) {
    return new ProducerEntry(
        producerId,
        producerEpoch,
        coordinatorEpoch,
        txnFirstOffset,
        lastAppendMs,
        batches.stream().filter(batch -> batch.lastOffset() > offset).toList());
  }

  /**
   * The first of {@code changes} followed by each other one, as a chain of {@link #then} would have
   * it; all are of one producer. Looks at each once and keeps only the batches that remain.
   */
  public static ProducerEntry inOrder(List<ProducerEntry> changes) {
    ProducerEntry last = changes.get(changes.size() - 1);
    if (changes.size() == 1) {
      return last;
    }
    int coordinatorEpoch = NO_COORDINATOR_EPOCH;
    long lastAppendMs = Long.MIN_VALUE;
    ProducerEntry previous = changes.get(0);
    int newestEpochFrom = 0;
    for (int i = 0; i < changes.size(); i++) {
      ProducerEntry change = changes.get(i);
      if (change.producerId != previous.producerId) {
        throw new IllegalStateException("two producers in one: " + previous + " then " + change);
      }
      if (change.producerEpoch != previous.producerEpoch) {
        newestEpochFrom = i;
      }
      coordinatorEpoch = Math.max(coordinatorEpoch, change.coordinatorEpoch);
      lastAppendMs = Math.max(lastAppendMs, change.lastAppendMs);
      previous = change;
    }
    Batch[] kept = new Batch[BATCHES_KEPT];
    int first = BATCHES_KEPT;
    for (int i = changes.size() - 1; i >= newestEpochFrom && first > 0; i--) {
      List<Batch> batches = changes.get(i).batches;
      for (int b = batches.size() - 1; b >= 0 && first > 0; b--) {
        first--;
        kept[first] = batches.get(b);
      }
    }
    return new ProducerEntry(
        last.producerId,
        last.producerEpoch,
        coordinatorEpoch,
        last.txnFirstOffset,
        lastAppendMs,
        Arrays.asList(kept).subList(first, BATCHES_KEPT));
  }
}
