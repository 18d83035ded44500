package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/** Tells how much each partition takes up in the one place there is: the object store. */
public final class DescribeLogDirsHandler
    implements ApiHandler<DescribeLogDirsRequestData, DescribeLogDirsResponseData> {
  private final PartitionLogs logs;
  private final String storeName;

  /**
   * @param storeName told as the log directory
   */
  public DescribeLogDirsHandler(PartitionLogs logs, String storeName) {
    this.logs = logs;
    this.storeName = storeName;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DESCRIBE_LOG_DIRS;
  }

  @Override
  public CompletableFuture<DescribeLogDirsResponseData> handle(
      RequestContext context, DescribeLogDirsRequestData request) {
    Map<String, Set<Integer>> wanted = wanted(request);
    Map<String, List<DescribeLogDirsPartition>> byTopic = new TreeMap<>();
    for (PartitionLog log : logs.all()) {
      if (wanted == null
          || wanted.getOrDefault(log.topic(), Set.of()).contains(log.id().partition())) {
        byTopic
            .computeIfAbsent(log.topic(), topic -> new ArrayList<>())
            .add(
                new DescribeLogDirsPartition()
                    .setPartitionIndex(log.id().partition())
                    .setPartitionSize(log.sizeBytes()));
      }
    }
    DescribeLogDirsResult result = new DescribeLogDirsResult().setLogDir(storeName);
    byTopic.forEach(
        (topic, partitions) ->
            result
                .topics()
                .add(new DescribeLogDirsTopic().setName(topic).setPartitions(partitions)));
    DescribeLogDirsResponseData response = new DescribeLogDirsResponseData();
    response.results().add(result);
    return CompletableFuture.completedFuture(response);
  }

  /** Partitions asked for by topic; null for all. */
  private static @Nullable Map<String, Set<Integer>> wanted(DescribeLogDirsRequestData request) {
    if (request.topics() == null) {
      return null;
    }
    Map<String, Set<Integer>> wanted = new TreeMap<>();
    for (DescribableLogDirTopic topic : request.topics()) {
      wanted.computeIfAbsent(topic.topic(), any -> new TreeSet<>()).addAll(topic.partitions());
    }
    return wanted;
  }
}
