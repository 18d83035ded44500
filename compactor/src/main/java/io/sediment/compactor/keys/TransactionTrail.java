package io.sediment.compactor.keys;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.AbortedTxn;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What has been seen of transactions on the way through a log, batch by batch in its order: which
 * data was aborted, and which markers have no data left before them. Not thread-safe.
 */
final class TransactionTrail {
  /** Per producer: first offset of an aborted transaction, and its last. */
  private final Map<Long, TreeMap<Long, Long>> aborted = new HashMap<>();

  /** Producers with transactional data since their last marker. */
  private final Set<Long> withData = new HashSet<>();

  /** Whether something was passed over, and whose markers came up since. */
  private boolean passedOver;

  private final Set<Long> markedSince = new HashSet<>();

  TransactionTrail(Collection<AbortedTxn> abortedTxns) {
    for (AbortedTxn txn : abortedTxns) {
      aborted
          .computeIfAbsent(txn.producerId(), id -> new TreeMap<>())
          .put(txn.firstOffset(), txn.lastOffset());
    }
  }

  /** A batch of data comes by: whether its transaction was aborted, so that nobody reads it. */
  boolean isAborted(ByteBuffer batch) {
    int at = batch.position();
    if (!RecordBatchLayout.isTransactional(batch, at)) {
      return false;
    }
    long producer = RecordBatchLayout.producerId(batch, at);
    withData.add(producer);
    TreeMap<Long, Long> txns = aborted.get(producer);
    Map.Entry<Long, Long> txn =
        txns == null ? null : txns.floorEntry(RecordBatchLayout.baseOffset(batch, at));
    return txn != null && RecordBatchLayout.lastOffset(batch, at) <= txn.getValue();
  }

  /**
   * A control batch comes by: whether nothing of its transaction is left before it, so that it
   * means nothing any more.
   */
  boolean isSpent(ByteBuffer marker) {
    int at = marker.position();
    if (RecordBatchLayout.recordsCount(marker, at) == 0) {
      return true;
    }
    long producer = RecordBatchLayout.producerId(marker, at);
    if (producer == RecordBatchLayout.NO_PRODUCER_ID) {
      return false; // no transaction's
    }
    boolean hasData = withData.remove(producer);
    // A transaction lies between two markers of its producer: what was passed over before the
    // first of them may be its data.
    boolean knowsAll = !passedOver || !markedSince.add(producer);
    return !hasData && knowsAll;
  }

  /** The next batches do not come by. */
  void passOver() {
    passedOver = true;
    markedSince.clear();
  }
}
