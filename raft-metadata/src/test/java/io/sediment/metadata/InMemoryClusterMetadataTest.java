package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class InMemoryClusterMetadataTest {
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(7, "localhost", 9092);

  @Test
  void aNewTopicIsLedByTheOnlyBroker() {
    UUID id = new UUID(3, 4);
    List<CommandResult<CreatedTopic>> results =
        metadata.accept(
            new CreateTopics(List.of(new NewTopic(id, "t", 3, 1, List.of(), Map.of("a", "b")))));

    assertThat(results).containsExactly(CommandResult.accepted(new CreatedTopic(id, "t", 3, 1)));
    Topic topic = metadata.image().topic("t");
    assertThat(topic).isSameAs(metadata.image().topic(id));
    assertThat(topic.partitions())
        .allSatisfy(partition -> assertThat(metadata.image().leaderOf(partition)).isEqualTo(7));
    assertThat(metadata.image().configs(ConfigResource.topic("t"))).containsEntry("a", "b");
  }

  @Test
  void aListenerSeesEveryChangeFromNothingOn() {
    List<Long> versions = new ArrayList<>();
    List<MetadataImage> chain = new ArrayList<>();
    ClusterMetadata.Subscription subscription =
        metadata.subscribe(
            (before, after) -> {
              if (!chain.isEmpty()) {
                assertThat(before).isSameAs(chain.get(chain.size() - 1));
              }
              chain.add(after);
              versions.add(after.version());
            });
    metadata.accept(new SetFeatureLevels(Map.of("f", 1)));
    metadata.accept(new SetFeatureLevels(Map.of("f", 2)));
    subscription.cancel();
    metadata.accept(new SetFeatureLevels(Map.of("f", 3)));

    assertThat(versions).hasSize(3).isSorted().doesNotHaveDuplicates();
    assertThat(chain.get(2).features()).containsEntry("f", 2);
  }
}
