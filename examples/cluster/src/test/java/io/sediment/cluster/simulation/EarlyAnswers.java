package io.sediment.cluster.simulation;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/** Remembers where a process appended what, and answers whoever sends it again. */
final class EarlyAnswers {
  private record Sequence(long producerId, int epoch, int first) {
    static Sequence of(ByteBuffer batch) {
      int at = batch.position();
      return new Sequence(
          RecordBatchLayout.producerId(batch, at),
          RecordBatchLayout.producerEpoch(batch, at),
          RecordBatchLayout.baseSequence(batch, at));
    }
  }

  private final Map<Sequence, Long> offsets = new HashMap<>();

  void appended(ByteBuffer batch, long offset) {
    Sequence sequence = Sequence.of(batch);
    if (sequence.producerId() >= 0) {
      offsets.put(sequence, offset);
    }
  }

  ApiHandler<?, ?> before(ApiHandler<?, ?> handler) {
    return handler.key() == ApiKeys.PRODUCE ? new Produces(handler) : handler;
  }

  private final class Produces extends SpoiledProduces {
    Produces(ApiHandler<?, ?> handler) {
      super(handler);
    }

    @Override
    @Nullable PartitionProduceResponse spoiled(TopicProduceData topic) {
      PartitionProduceData sent = topic.partitionData().get(0);
      MemoryRecords records = (MemoryRecords) sent.records();
      @Nullable Long known = offsets.get(Sequence.of(records.buffer()));
      return known == null
          ? null
          : new PartitionProduceResponse().setIndex(sent.index()).setBaseOffset(known);
    }
  }
}
