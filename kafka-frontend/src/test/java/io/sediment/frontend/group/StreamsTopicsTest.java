package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatResponse;
import org.junit.jupiter.api.Test;

class StreamsTopicsTest {
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final AtomicLong ids = new AtomicLong();
  private final StreamsTopics topics =
      new StreamsTopics(metadata, () -> new UUID(1, ids.incrementAndGet()));

  private static CreatableTopic topic(String name, int partitions) {
    return new CreatableTopic()
        .setName(name)
        .setNumPartitions(partitions)
        .setReplicationFactor((short) 1);
  }

  private String explanation(String topic) {
    StreamsGroupHeartbeatResponseData response = new StreamsGroupHeartbeatResponseData();
    StreamsGroupHeartbeatResponseData.Status missing =
        new StreamsGroupHeartbeatResponseData.Status()
            .setStatusCode(StreamsGroupHeartbeatResponse.Status.MISSING_INTERNAL_TOPICS.code())
            .setStatusDetail("missing");
    response.setStatus(List.of(missing));
    topics.explain(Set.of(topic), response);
    return missing.statusDetail();
  }

  @Test
  void whatIsAskedForIsJudgedLikeAnyOtherTopic() {
    CreatableTopic bad = topic("changelog", 1);
    bad.configs().add(new CreatableTopicConfig().setName("delete.retention.ms").setValue("soon"));
    topics.create(List.of(bad, topic("a.b", 1), topic("a_b", 1), topic("no/name", 1)));

    assertThat(metadata.image().topics()).extracting(Topic::name).containsExactly("a.b");
    assertThat(explanation("changelog")).contains("delete.retention.ms").contains("soon");
    assertThat(explanation("a_b")).contains("collides");
    assertThat(explanation("no/name")).contains("invalid");
  }

  @Test
  void oneHeartbeatMakesNoMorePartitionsThanOneRequestMay() {
    List<CreatableTopic> many = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      many.add(topic("repartition-" + i, 20_000));
    }
    topics.create(many);
    assertThat(metadata.image().topics().stream().mapToInt(Topic::partitionCount).sum())
        .isEqualTo(100_000);
    assertThat(explanation("repartition-9")).contains("allowed=100000");
  }
}
