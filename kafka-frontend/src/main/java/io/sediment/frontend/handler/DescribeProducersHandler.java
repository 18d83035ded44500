package io.sediment.frontend.handler;

import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.metadata.ClusterMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;

/** Shows operators the producers that a partition remembers. */
final class DescribeProducersHandler
    implements ApiHandler<DescribeProducersRequestData, DescribeProducersResponseData> {
  private static final int NONE = -1;

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;

  DescribeProducersHandler(ClusterMetadata metadata, PartitionLogs logs) {
    this.metadata = metadata;
    this.logs = logs;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DESCRIBE_PRODUCERS;
  }

  @Override
  public CompletableFuture<DescribeProducersResponseData> handle(
      RequestContext context, DescribeProducersRequestData request) {
    DescribeProducersResponseData response = new DescribeProducersResponseData();
    List<CompletableFuture<?>> described = new ArrayList<>();
    for (TopicRequest topic : request.topics()) {
      TopicResponse topicResponse = new TopicResponse().setName(topic.name());
      for (int partition : topic.partitionIndexes()) {
        PartitionResponse answer = new PartitionResponse().setPartitionIndex(partition);
        topicResponse.partitions().add(answer);
        described.add(describe(topic.name(), answer));
      }
      response.topics().add(topicResponse);
    }
    return CompletableFuture.allOf(described.toArray(CompletableFuture[]::new))
        .thenApply(done -> response);
  }

  /** Fills in {@code answer}; never fails. */
  private CompletableFuture<?> describe(String topic, PartitionResponse answer) {
    LookUp found = logs.find(metadata.image(), topic, answer.partitionIndex(), NONE);
    if (found instanceof LookUp.Missing missing) {
      answer.setErrorCode(missing.error().code());
      return CompletableFuture.completedFuture(null);
    }
    PartitionLog log = ((LookUp.Found) found).log();
    return log.producersLoaded()
        .handle(
            (done, failure) -> {
              if (failure != null) {
                answer.setErrorCode(StoreFailures.errorOf(failure).code());
              } else {
                log.producerEntries().forEach(entry -> answer.activeProducers().add(state(entry)));
              }
              return done;
            });
  }

  private static ProducerState state(ProducerEntry entry) {
    List<ProducerEntry.Batch> batches = entry.batches();
    ProducerEntry.Batch newest = batches.isEmpty() ? null : batches.get(batches.size() - 1);
    return new ProducerState()
        .setProducerId(entry.producerId())
        .setProducerEpoch(entry.producerEpoch())
        .setLastSequence(newest == null ? NONE : newest.lastSequence())
        .setLastTimestamp(newest == null ? NONE : newest.timestampMs())
        .setCoordinatorEpoch(entry.coordinatorEpoch())
        .setCurrentTxnStartOffset(entry.txnFirstOffset());
  }
}
