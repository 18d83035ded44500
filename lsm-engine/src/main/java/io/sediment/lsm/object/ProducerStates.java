package io.sediment.lsm.object;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The producers of one partition as of some offset: a snapshot with the changes after it folded in,
 * in log order (invariant I9). Not thread-safe.
 */
public final class ProducerStates {
  private final Map<Long, ProducerEntry> byId = new HashMap<>();

  /** As of the end of a log of which {@code snapshot} is the state. */
  public static ProducerStates of(Collection<ProducerEntry> snapshot) {
    ProducerStates states = new ProducerStates();
    states.apply(snapshot);
    return states;
  }

  /** Folds in what the next batches did. */
  public void apply(ProducerEntry change) {
    byId.merge(change.producerId(), change, ProducerEntry::then);
  }

  /** Folds in the changes of one section, in their order. */
  public void apply(Collection<ProducerEntry> changes) {
    changes.forEach(this::apply);
  }

  /**
   * Folds in what some batches did where the state may be as of any of them: what it has already
   * does not count twice.
   */
  public void applyWhatIsNew(ProducerEntry change) {
    ProducerEntry known = byId.get(change.producerId());
    if (known == null || known.producerEpoch() != change.producerEpoch()) {
      apply(change);
      return;
    }
    List<ProducerEntry.Batch> batches = known.batches();
    long knownTo = batches.isEmpty() ? -1 : batches.get(batches.size() - 1).lastOffset();
    apply(change.withoutBatchesUpTo(knownTo));
  }

  public @Nullable ProducerEntry get(long producerId) {
    return byId.get(producerId);
  }

  public int size() {
    return byId.size();
  }

  public boolean isEmpty() {
    return byId.isEmpty();
  }

  /**
   * Forgets producers that were last appended before {@code appendMs}; one with an open transaction
   * stays, since its end is still to come.
   */
  public void expireBefore(long appendMs) {
    byId.values()
        .removeIf(
            entry ->
                entry.lastAppendMs() < appendMs
                    && entry.txnFirstOffset() == ProducerEntry.NO_OPEN_TXN);
  }

  /** The state as entries by ascending producer id. */
  public List<ProducerEntry> snapshot() {
    List<ProducerEntry> entries = new ArrayList<>(byId.values());
    entries.sort((a, b) -> Long.compare(a.producerId(), b.producerId()));
    return entries;
  }
}
