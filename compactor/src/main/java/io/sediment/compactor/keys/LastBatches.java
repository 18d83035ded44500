package io.sediment.compactor.keys;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which batch is the last of its producer. It stays, if need be without records, so that the state
 * of producers can be told from the log (invariant I9): its last sequence, or only its epoch where
 * it has written nothing but a marker since that began.
 */
final class LastBatches {
  private static final long NONE = -1;

  /**
   * @param offset last offset of the newest batch with data, -1 where there is none
   */
  private record Last(long offset, short epoch) {}

  private final Map<Long, Last> byProducer = new HashMap<>();

  /**
   * @param producers that are remembered, as of the end of what is cleaned or later
   */
  LastBatches(Collection<ProducerEntry> producers) {
    for (ProducerEntry producer : producers) {
      List<ProducerEntry.Batch> batches = producer.batches();
      long offset = batches.isEmpty() ? NONE : batches.get(batches.size() - 1).lastOffset();
      byProducer.put(producer.producerId(), new Last(offset, producer.producerEpoch()));
    }
  }

  boolean contains(ByteBuffer batch) {
    int at = batch.position();
    Last last = byProducer.get(RecordBatchLayout.producerId(batch, at));
    if (last == null) {
      return false;
    }
    return last.offset == NONE
        ? RecordBatchLayout.isControl(batch, at)
            && RecordBatchLayout.producerEpoch(batch, at) == last.epoch
        : RecordBatchLayout.lastOffset(batch, at) == last.offset;
  }
}
