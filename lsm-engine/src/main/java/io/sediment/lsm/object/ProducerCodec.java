package io.sediment.lsm.object;

import static io.sediment.lsm.object.SortedObjectLayout.PRODUCER_SIZE_MIN;

import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import java.util.ArrayList;
import java.util.List;

/** Spells producer entries as {@link SortedObjectLayout} draws them. */
public final class ProducerCodec {
  private ProducerCodec() {}

  public static void encode(ByteWriter out, List<ProducerEntry> producers, long baseTimestamp) {
    out.varint(producers.size());
    for (ProducerEntry producer : producers) {
      out.varint(producer.producerId());
      out.varint(producer.producerEpoch());
      out.zigzag(producer.coordinatorEpoch());
      out.zigzag(producer.txnFirstOffset());
      out.zigzag(producer.lastAppendMs() - baseTimestamp);
      out.varint(producer.batches().size());
      for (ProducerEntry.Batch batch : producer.batches()) {
        out.varint(batch.firstSequence());
        out.varint(batch.lastSequence());
        out.varint(batch.baseOffset());
        out.varint(batch.lastOffset() - batch.baseOffset());
        out.zigzag(batch.timestampMs() - baseTimestamp);
      }
    }
  }

  public static List<ProducerEntry> decode(ByteReader in, long baseTimestamp) {
    int count = in.count(PRODUCER_SIZE_MIN, "producers");
    List<ProducerEntry> producers = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long producerId = in.natural("producerId");
      short producerEpoch = (short) in.varintUpTo(Short.MAX_VALUE, "producerEpoch");
      long coordinatorEpoch = in.zigzag();
      if (coordinatorEpoch != (int) coordinatorEpoch) {
        throw in.corrupt("coordinatorEpoch=" + coordinatorEpoch);
      }
      long txnFirstOffset = in.zigzag();
      long lastAppendMs = baseTimestamp + in.zigzag();
      int batchCount = (int) in.varintUpTo(ProducerEntry.BATCHES_KEPT, "producer batches");
      List<ProducerEntry.Batch> batches = new ArrayList<>(batchCount);
      for (int b = 0; b < batchCount; b++) {
        int firstSequence = in.naturalInt("firstSequence");
        int lastSequence = in.naturalInt("lastSequence");
        long baseOffset = in.natural("batch baseOffset");
        long lastOffset = in.sum(baseOffset, in.natural("lastOffset"), "batch lastOffset");
        batches.add(
            new ProducerEntry.Batch(
                firstSequence, lastSequence, baseOffset, lastOffset, baseTimestamp + in.zigzag()));
      }
      producers.add(
          new ProducerEntry(
              producerId,
              producerEpoch,
              (int) coordinatorEpoch,
              txnFirstOffset,
              lastAppendMs,
              batches));
    }
    return producers;
  }
}
