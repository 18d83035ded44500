package io.sediment.frontend.kafka.coordinator;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.server.util.PartitionMetadataClient;

/** Only share groups ask for it, and those are not served. */
final class NoPartitionMetadata implements PartitionMetadataClient {
  @Override
  public Map<TopicPartition, CompletableFuture<OffsetResponse>> listLatestOffsets(
      Set<TopicPartition> partitions) {
    return partitions.stream()
        .collect(
            Collectors.toMap(
                partition -> partition,
                partition ->
                    CompletableFuture.failedFuture(
                        new UnsupportedVersionException("share groups are not served"))));
  }

  @Override
  public void close() {}
}
