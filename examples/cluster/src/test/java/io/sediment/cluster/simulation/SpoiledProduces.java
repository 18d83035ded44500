package io.sediment.cluster.simulation;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/**
 * Answers some producers itself, where the handler of the broker would have answered otherwise.
 * Simulated producers send one batch to one partition.
 */
abstract class SpoiledProduces implements ApiHandler<ProduceRequestData, ProduceResponseData> {
  private final ApiHandler<ProduceRequestData, ProduceResponseData> handler;

  /**
   * @param handler that of {@link ApiKeys#PRODUCE}
   */
  @SuppressWarnings("unchecked") // there is one type of requests and of responses for a key
  SpoiledProduces(ApiHandler<?, ?> handler) {
    this.handler = (ApiHandler<ProduceRequestData, ProduceResponseData>) handler;
  }

  /** What the partition's producer is told; null where the broker answers. */
  abstract @Nullable PartitionProduceResponse spoiled(TopicProduceData topic);

  @Override
  public final ApiKeys key() {
    return ApiKeys.PRODUCE;
  }

  @Override
  public final CompletableFuture<ProduceResponseData> handle(
      RequestContext context, ProduceRequestData request) {
    TopicProduceData topic = request.topicData().iterator().next();
    PartitionProduceResponse spoiled = spoiled(topic);
    if (spoiled == null) {
      return handler.handle(context, request);
    }
    TopicProduceResponse answer = new TopicProduceResponse().setName(topic.name());
    answer.partitionResponses().add(spoiled);
    ProduceResponseData response = new ProduceResponseData();
    response.responses().add(answer);
    return CompletableFuture.completedFuture(response);
  }
}
