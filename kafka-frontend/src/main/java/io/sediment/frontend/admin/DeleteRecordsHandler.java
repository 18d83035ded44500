package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RaiseLogStarts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Raises log starts at a client's wish. The records are gone for readers at once, their bytes
 * later.
 */
public final class DeleteRecordsHandler
    implements ApiHandler<DeleteRecordsRequestData, DeleteRecordsResponseData> {
  /** Instead of an offset: everything that consumers could read. */
  private static final long TO_HIGH_WATERMARK = -1;

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;

  public DeleteRecordsHandler(ClusterMetadata metadata, PartitionLogs logs) {
    this.metadata = metadata;
    this.logs = logs;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DELETE_RECORDS;
  }

  @Override
  public CompletableFuture<DeleteRecordsResponseData> handle(
      RequestContext context, DeleteRecordsRequestData request) {
    MetadataImage image = metadata.image();
    DeleteRecordsResponseData response = new DeleteRecordsResponseData();
    Map<PartitionId, Long> raised = new TreeMap<>();
    List<DeleteRecordsPartitionResult> pending = new ArrayList<>();
    for (DeleteRecordsTopic topic : request.topics()) {
      DeleteRecordsTopicResult topicResult = new DeleteRecordsTopicResult().setName(topic.name());
      response.topics().add(topicResult);
      for (DeleteRecordsPartition partition : topic.partitions()) {
        DeleteRecordsPartitionResult result =
            new DeleteRecordsPartitionResult()
                .setPartitionIndex(partition.partitionIndex())
                .setLowWatermark(-1);
        topicResult.partitions().add(result);
        if (org.apache.kafka.common.internals.Topic.isInternal(topic.name())) {
          result.setErrorCode(Errors.INVALID_TOPIC_EXCEPTION.code()); // the state of coordinators
          continue;
        }
        LookUp found = logs.find(image, topic.name(), partition.partitionIndex(), -1);
        if (found instanceof LookUp.Missing missing) {
          result.setErrorCode(missing.error().code());
          continue;
        }
        PartitionLog log = ((LookUp.Found) found).log();
        long to =
            partition.offset() == TO_HIGH_WATERMARK ? log.highWatermark() : partition.offset();
        if (to < 0 || to > log.highWatermark()) {
          result.setErrorCode(Errors.OFFSET_OUT_OF_RANGE.code());
          continue;
        }
        // A partition that is named twice gets the higher wish.
        long raisedTo =
            raised.merge(new PartitionId(log.id().topicId(), log.id().partition()), to, Math::max);
        pending.add(result.setLowWatermark(Math.max(raisedTo, log.logStartOffset())));
      }
    }
    if (raised.isEmpty()) {
      return CompletableFuture.completedFuture(response);
    }
    return metadata
        .submit(new RaiseLogStarts(raised))
        .thenApply(CommandResult::valueOrThrow)
        .handle(
            (count, failure) -> {
              if (failure != null) {
                short code = AdminError.of(failure).code();
                pending.forEach(result -> result.setErrorCode(code).setLowWatermark(-1));
              }
              return response;
            });
  }
}
