package io.sediment.frontend.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.compactor.Liveness;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.NewTopic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.config.TopicConfig;
import org.junit.jupiter.api.Test;

class MetadataLivenessTest {
  private static final UUID TOPIC = new UUID(7, 7);
  private static final PartitionId PARTITION = new PartitionId(TOPIC, 0);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);

  private Liveness with(Map<String, String> configs) {
    return new MetadataLiveness(
            metadata,
            (image, topic) -> configs,
            () -> Instant.ofEpochMilli(10_000),
            Duration.ofDays(1))
        .of(new LaneId(0))
        .join();
  }

  private long goesSoonBeforeMs(Map<String, String> configs) {
    return with(configs).goesSoonBeforeMs().applyAsLong(PARTITION);
  }

  @Test
  void whatIsKeptForAQuarterOfItsTimeOnlyGoesSoon() {
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(TOPIC, "topic", 1, 1, List.of(0), Map.of()))));
    assertThat(goesSoonBeforeMs(Map.of(TopicConfig.RETENTION_MS_CONFIG, "4000"))).isEqualTo(7_000);
    assertThat(goesSoonBeforeMs(Map.of(TopicConfig.RETENTION_MS_CONFIG, "-1")))
        .isEqualTo(Long.MIN_VALUE);
    assertThat(goesSoonBeforeMs(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, "compact")))
        .isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void ofAnUnknownTopicNothingGoesByTime() {
    assertThat(goesSoonBeforeMs(Map.of(TopicConfig.RETENTION_MS_CONFIG, "4000")))
        .isEqualTo(Long.MIN_VALUE);
  }
}
