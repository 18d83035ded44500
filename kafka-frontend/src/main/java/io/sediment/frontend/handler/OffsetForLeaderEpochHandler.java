package io.sediment.frontend.handler;

import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;

/** Tells consumers where an epoch of a partition ended, so that they notice a log cut short. */
final class OffsetForLeaderEpochHandler
    implements ApiHandler<OffsetForLeaderEpochRequestData, OffsetForLeaderEpochResponseData> {
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;

  OffsetForLeaderEpochHandler(ClusterMetadata metadata, PartitionLogs logs) {
    this.metadata = metadata;
    this.logs = logs;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.OFFSET_FOR_LEADER_EPOCH;
  }

  @Override
  public CompletableFuture<OffsetForLeaderEpochResponseData> handle(
      RequestContext context, OffsetForLeaderEpochRequestData request) {
    OffsetForLeaderEpochResponseData response = new OffsetForLeaderEpochResponseData();
    MetadataImage image = metadata.image();
    for (OffsetForLeaderTopic asked : request.topics()) {
      OffsetForLeaderTopicResult result = new OffsetForLeaderTopicResult().setTopic(asked.topic());
      for (OffsetForLeaderPartition partition : asked.partitions()) {
        result.partitions().add(endOf(image, asked.topic(), partition));
      }
      response.topics().add(result);
    }
    return CompletableFuture.completedFuture(response);
  }

  private EpochEndOffset endOf(
      MetadataImage image, String topicName, OffsetForLeaderPartition asked) {
    EpochEndOffset answer =
        new EpochEndOffset()
            .setPartition(asked.partition())
            .setLeaderEpoch(LeaderEpochs.UNDEFINED.epoch())
            .setEndOffset(LeaderEpochs.UNDEFINED.endOffset());
    LookUp found = logs.find(image, topicName, asked.partition(), asked.currentLeaderEpoch());
    if (found instanceof LookUp.Missing missing) {
      return answer.setErrorCode(missing.error().code());
    }
    PartitionLog log = ((LookUp.Found) found).log();
    LeaderEpochs.End end = LeaderEpochs.endOf(image, log, asked.leaderEpoch());
    return answer.setLeaderEpoch(end.epoch()).setEndOffset(end.endOffset());
  }
}
