package io.sediment.cluster.simulation;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Names another leader and the next epoch as soon as a log has stopped for a handoff, before
 * anything is submitted: the owner may yet keep the partition.
 */
final class ToldTooEarly extends SpoiledProduces {
  private final PartitionLogs logs;
  private final ClusterMetadata metadata;

  private ToldTooEarly(ApiHandler<?, ?> handler, PartitionLogs logs, ClusterMetadata metadata) {
    super(handler);
    this.logs = logs;
    this.metadata = metadata;
  }

  static ApiHandler<?, ?> before(
      ApiHandler<?, ?> handler, PartitionLogs logs, ClusterMetadata metadata) {
    return handler.key() == ApiKeys.PRODUCE ? new ToldTooEarly(handler, logs, metadata) : handler;
  }

  @Override
  @Nullable PartitionProduceResponse spoiled(TopicProduceData topic) {
    int partition = topic.partitionData().get(0).index();
    MetadataImage image = metadata.image();
    LookUp led = logs.find(image, topic.name(), partition, -1);
    return led instanceof LookUp.Found found && found.log().isHandedOver()
        ? sentElsewhere(found.log(), image)
        : null;
  }

  private static PartitionProduceResponse sentElsewhere(PartitionLog led, MetadataImage image) {
    return new PartitionProduceResponse()
        .setIndex(led.id().partition())
        .setBaseOffset(-1)
        .setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code())
        .setCurrentLeader(
            new LeaderIdAndEpoch()
                .setLeaderId(anotherLeader(led, image))
                .setLeaderEpoch(led.leaderEpoch() + 1));
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
