package io.sediment.frontend.partition;

import io.sediment.lsm.object.ProducerEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.Errors;

/**
 * Kafka's rules for idempotent producers on one partition: which batch is next, which is a repeat
 * of one of the last five, which comes from a producer that has been fenced.
 *
 * <p>Covers what has been <em>appended</em>, durable or not. Guarded by the partition log's lock.
 */
final class ProducerStateRules {
  /** What the state says of a batch. */
  sealed interface Decision {
    /** Append it, then {@link #appended} it. */
    record Next() implements Decision {
      static final Next NEXT = new Next();
    }

    /** One of the last batches again: answer what that one was answered. */
    record Duplicate(long baseOffset, long lastOffset) implements Decision {}

    record Refused(Errors error, String message) implements Decision {}
  }

  private static final class State {
    private final ArrayDeque<ProducerEntry.Batch> batches;
    private short epoch;
    private int coordinatorEpoch = ProducerEntry.NO_COORDINATOR_EPOCH;
    private long txnFirstOffset = ProducerEntry.NO_OPEN_TXN;
    private long lastAppendMs;

    private State(short epoch, long lastAppendMs) {
      this.epoch = epoch;
      this.lastAppendMs = lastAppendMs;
      this.batches = new ArrayDeque<>(ProducerEntry.BATCHES_KEPT);
    }
  }

  private static final long EXPIRATION_MS = 86_400_000;
  private static final int SWEEP_SIZE_MIN = 1_000;

  private final Map<Long, State> states = new HashMap<>();
  private int nextSweepSize = SWEEP_SIZE_MIN;

  /** Takes over what a lane knows. */
  void load(Collection<ProducerEntry> entries) {
    states.clear();
    for (ProducerEntry entry : entries) {
      State state = new State(entry.producerEpoch(), entry.lastAppendMs());
      state.batches.addAll(entry.batches());
      state.coordinatorEpoch = entry.coordinatorEpoch();
      state.txnFirstOffset = entry.txnFirstOffset();
      states.put(entry.producerId(), state);
    }
  }

  Decision decide(long producerId, short epoch, int firstSequence, int lastSequence) {
    State state = states.get(producerId);
    if (state == null) {
      // Unknown producers may begin anywhere: their state may have expired.
      return Decision.Next.NEXT;
    }
    if (epoch < state.epoch) {
      return new Decision.Refused(
          Errors.INVALID_PRODUCER_EPOCH,
          "producer " + producerId + ": epoch=" + epoch + " current=" + state.epoch);
    }
    if (epoch > state.epoch) {
      return firstSequence == 0
          ? Decision.Next.NEXT
          : outOfOrder(producerId, "0 in the new epoch " + epoch, firstSequence);
    }
    for (ProducerEntry.Batch batch : state.batches) {
      if (batch.firstSequence() == firstSequence && batch.lastSequence() == lastSequence) {
        return new Decision.Duplicate(batch.baseOffset(), batch.lastOffset());
      }
    }
    ProducerEntry.Batch newest = state.batches.peekLast();
    int expected =
        newest == null || newest.lastSequence() == Integer.MAX_VALUE
            ? 0
            : newest.lastSequence() + 1;
    return firstSequence == expected
        ? Decision.Next.NEXT
        : outOfOrder(producerId, Integer.toString(expected), firstSequence);
  }

  private static Decision.Refused outOfOrder(long producerId, String expected, int actual) {
    return new Decision.Refused(
        Errors.OUT_OF_ORDER_SEQUENCE_NUMBER,
        "producer " + producerId + ": expected sequence " + expected + " actual=" + actual);
  }

  /** Notes a batch that {@link #decide} let through and that has been appended. */
  void appended(long producerId, short epoch, ProducerEntry.Batch batch, long nowMs) {
    State state = states.get(producerId);
    if (state == null) {
      forgetTheSilent(nowMs);
      state = new State(epoch, nowMs);
      states.put(producerId, state);
    }
    state.lastAppendMs = nowMs;
    if (epoch != state.epoch) {
      state.epoch = epoch;
      state.batches.clear();
    }
    if (state.batches.size() == ProducerEntry.BATCHES_KEPT) {
      state.batches.removeFirst();
    }
    state.batches.addLast(batch);
  }

  /**
   * Forgets producers without an open transaction that wrote nothing for a day, by our clock and
   * not by the timestamps in their records. Only worth while when there are many.
   */
  private void forgetTheSilent(long nowMs) {
    if (states.size() >= nextSweepSize) {
      states
          .values()
          .removeIf(
              state ->
                  state.txnFirstOffset == ProducerEntry.NO_OPEN_TXN
                      && nowMs - state.lastAppendMs > EXPIRATION_MS);
      nextSweepSize = Math.max(SWEEP_SIZE_MIN, states.size() * 2);
    }
  }

  /** All producers, in no order. */
  List<ProducerEntry> entries() {
    List<ProducerEntry> all = new ArrayList<>(states.size());
    states.forEach((id, state) -> all.add(snapshot(id, state)));
    return all;
  }

  private static ProducerEntry snapshot(long producerId, State state) {
    return new ProducerEntry(
        producerId,
        state.epoch,
        state.coordinatorEpoch,
        state.txnFirstOffset,
        state.lastAppendMs,
        List.copyOf(state.batches));
  }
}
