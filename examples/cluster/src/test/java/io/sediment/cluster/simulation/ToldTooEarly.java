package io.sediment.cluster.simulation;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Names another leader and the next epoch as soon as a log has stopped for a handoff, before
 * anything is submitted: the owner may yet keep the partition.
 */
final class ToldTooEarly implements ApiHandler<ProduceRequestData, ProduceResponseData> {
  private final ApiHandler<ProduceRequestData, ProduceResponseData> handler;
  private final PartitionLogs logs;
  private final ClusterMetadata metadata;

  @SuppressWarnings("unchecked")
  private ToldTooEarly(ApiHandler<?, ?> handler, PartitionLogs logs, ClusterMetadata metadata) {
    this.handler = (ApiHandler<ProduceRequestData, ProduceResponseData>) handler;
    this.logs = logs;
    this.metadata = metadata;
  }

  static ApiHandler<?, ?> before(
      ApiHandler<?, ?> handler, PartitionLogs logs, ClusterMetadata metadata) {
    return handler.key() == ApiKeys.PRODUCE ? new ToldTooEarly(handler, logs, metadata) : handler;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.PRODUCE;
  }

  @Override
  public CompletableFuture<ProduceResponseData> handle(
      RequestContext context, ProduceRequestData request) {
    TopicProduceData topic = request.topicData().iterator().next();
    int partition = topic.partitionData().get(0).index();
    MetadataImage image = metadata.image();
    LookUp led = logs.find(image, topic.name(), partition, -1);
    return led instanceof LookUp.Found found && found.log().isHandedOver()
        ? CompletableFuture.completedFuture(answer(topic.name(), found.log(), image))
        : handler.handle(context, request);
  }

  private static ProduceResponseData answer(String topic, PartitionLog led, MetadataImage image) {
    TopicProduceResponse answer = new TopicProduceResponse().setName(topic);
    answer
        .partitionResponses()
        .add(
            new PartitionProduceResponse()
                .setIndex(led.id().partition())
                .setBaseOffset(-1)
                .setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code())
                .setCurrentLeader(
                    new LeaderIdAndEpoch()
                        .setLeaderId(anotherLeader(led, image))
                        .setLeaderEpoch(led.leaderEpoch() + 1)));
    ProduceResponseData response = new ProduceResponseData();
    response.responses().add(answer);
    return response;
  }

  private static int anotherLeader(PartitionLog led, MetadataImage image) {
    int leader = image.leaderOf(image.partition(led.id().topicId(), led.id().partition()));
    return image.lanes().values().stream()
        .filter(lane -> lane.state() == Lane.State.ACTIVE && lane.owner() != leader)
        .mapToInt(Lane::owner)
        .findFirst()
        .orElse(leader);
  }
}
