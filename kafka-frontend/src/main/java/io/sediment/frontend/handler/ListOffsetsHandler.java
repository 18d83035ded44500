package io.sediment.frontend.handler;

import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.OffsetSearch;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;

/** Finds offsets by place (earliest, latest) and by timestamp. */
final class ListOffsetsHandler
    implements ApiHandler<ListOffsetsRequestData, ListOffsetsResponseData> {
  private static final short LEADER_EPOCH_SINCE = 4;
  private static final int NO_EPOCH = -1;
  private static final long NOTHING = -1;

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final OffsetSearch search;

  ListOffsetsHandler(ClusterMetadata metadata, PartitionLogs logs, OffsetSearch search) {
    this.metadata = metadata;
    this.logs = logs;
    this.search = search;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.LIST_OFFSETS;
  }

  @Override
  public CompletableFuture<ListOffsetsResponseData> handle(
      RequestContext context, ListOffsetsRequestData request) {
    ListOffsetsResponseData response = new ListOffsetsResponseData();
    MetadataImage image = metadata.image();
    boolean readCommitted = request.isolationLevel() == IsolationLevel.READ_COMMITTED.id();
    Set<TopicPartition> seen = new HashSet<>();
    List<CompletableFuture<?>> found = new ArrayList<>();
    for (ListOffsetsTopic topic : request.topics()) {
      ListOffsetsTopicResponse topicResponse = new ListOffsetsTopicResponse().setName(topic.name());
      for (ListOffsetsPartition partition : topic.partitions()) {
        ListOffsetsPartitionResponse answer =
            new ListOffsetsPartitionResponse().setPartitionIndex(partition.partitionIndex());
        topicResponse.partitions().add(answer);
        if (seen.add(new TopicPartition(topic.name(), partition.partitionIndex()))) {
          found.add(find(image, topic.name(), partition, readCommitted, answer));
        } else {
          answer.setErrorCode(Errors.INVALID_REQUEST.code());
        }
      }
      response.topics().add(topicResponse);
    }
    return CompletableFuture.allOf(found.toArray(CompletableFuture[]::new))
        .thenApply(
            done -> context.apiVersion() < LEADER_EPOCH_SINCE ? withoutEpochs(response) : response);
  }

  /**
   * Older versions have no place for the epoch, and the library refuses to leave it out by itself.
   */
  private static ListOffsetsResponseData withoutEpochs(ListOffsetsResponseData response) {
    response.topics().forEach(topic -> topic.partitions().forEach(p -> p.setLeaderEpoch(NO_EPOCH)));
    return response;
  }

  /** Fills in {@code answer}; the future never fails. */
  private CompletableFuture<?> find(
      MetadataImage image,
      String topic,
      ListOffsetsPartition asked,
      boolean readCommitted,
      ListOffsetsPartitionResponse answer) {
    LookUp lookUp = logs.find(image, topic, asked.partitionIndex(), asked.currentLeaderEpoch());
    if (lookUp instanceof LookUp.Missing missing) {
      answer.setErrorCode(missing.error().code());
      return CompletableFuture.completedFuture(null);
    }
    PartitionLog log = ((LookUp.Found) lookUp).log();
    long timestamp = asked.timestamp();
    if (timestamp == ListOffsetsRequest.LATEST_TIMESTAMP) {
      long latest = readCommitted ? log.lastStableOffset() : log.highWatermark();
      fill(answer, latest, NOTHING, log.leaderEpoch());
    } else if (timestamp == ListOffsetsRequest.EARLIEST_TIMESTAMP
        || timestamp == ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP) {
      long earliest = log.logStartOffset();
      fill(answer, earliest, NOTHING, epochOf(image, log, earliest));
    } else if (timestamp == ListOffsetsRequest.MAX_TIMESTAMP) {
      return fill(image, log, answer, search.newest(log));
    } else if (timestamp >= 0) {
      return fill(image, log, answer, search.first(log, timestamp));
    } else if (timestamp < ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP) {
      answer.setErrorCode(Errors.UNSUPPORTED_VERSION.code());
    } // else it asks for a tier that is not there, and the answer is that there is nothing
    return CompletableFuture.completedFuture(null);
  }

  private static CompletableFuture<?> fill(
      MetadataImage image,
      PartitionLog log,
      ListOffsetsPartitionResponse answer,
      CompletableFuture<OffsetSearch.Result> search) {
    return search.handle(
        (result, failure) -> {
          if (failure != null) {
            answer.setErrorCode(StoreFailures.errorOf(failure).code());
          } else if (result instanceof OffsetSearch.Found found) {
            fill(answer, found.offset(), found.timestamp(), epochOf(image, log, found.offset()));
          }
          return answer;
        });
  }

  private static void fill(
      ListOffsetsPartitionResponse answer, long offset, long timestamp, int epoch) {
    answer.setOffset(offset).setTimestamp(timestamp).setLeaderEpoch(epoch);
  }

  private static int epochOf(MetadataImage image, PartitionLog log, long offset) {
    Partition partition = image.partition(log.id().topicId(), log.id().partition());
    return partition == null ? log.leaderEpoch() : partition.placementOf(offset).leaderEpoch();
  }
}
