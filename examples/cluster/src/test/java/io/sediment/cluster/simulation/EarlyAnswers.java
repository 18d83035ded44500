package io.sediment.cluster.simulation;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
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

  private final class Produces implements ApiHandler<ProduceRequestData, ProduceResponseData> {
    private final ApiHandler<ProduceRequestData, ProduceResponseData> handler;

    @SuppressWarnings("unchecked")
    Produces(ApiHandler<?, ?> handler) {
      this.handler = (ApiHandler<ProduceRequestData, ProduceResponseData>) handler;
    }

    @Override
    public ApiKeys key() {
      return ApiKeys.PRODUCE;
    }

    @Override
    public CompletableFuture<ProduceResponseData> handle(
        RequestContext context, ProduceRequestData request) {
      TopicProduceData topic = request.topicData().iterator().next();
      MemoryRecords records = (MemoryRecords) topic.partitionData().get(0).records();
      @Nullable Long known = offsets.get(Sequence.of(records.buffer()));
      if (known == null) {
        return handler.handle(context, request);
      }
      TopicProduceResponse answer = new TopicProduceResponse().setName(topic.name());
      answer
          .partitionResponses()
          .add(
              new PartitionProduceResponse()
                  .setIndex(topic.partitionData().get(0).index())
                  .setBaseOffset(known));
      ProduceResponseData response = new ProduceResponseData();
      response.responses().add(answer);
      return CompletableFuture.completedFuture(response);
    }
  }
}
