package io.sediment.frontend.kafka.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.handler.TopicIds;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.DeleteTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.NewTopic;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.image.TopicImage;
import org.apache.kafka.image.TopicsImage;
import org.junit.jupiter.api.Test;

class KRaftImagesTest {
  private static final UUID FIRST = new UUID(3, 4);
  private static final UUID SECOND = new UUID(1, 2);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final KRaftImages images = new KRaftImages();

  private MetadataImage created(UUID id, int partitions) {
    metadata
        .accept(
            new CreateTopics(List.of(new NewTopic(id, "t", partitions, 1, List.of(), Map.of()))))
        .get(0)
        .valueOrThrow();
    return metadata.image();
  }

  @Test
  void aTopicThatIsDeletedAndCreatedAgainInOneStepIsTheNewOne() {
    images.advance(created(FIRST, 2));
    metadata.accept(new DeleteTopics(List.of(FIRST)));
    TopicsImage topics = images.advance(created(SECOND, 3)).image().topics();
    TopicImage byName = topics.getTopic("t");
    assertThat(byName).isNotNull();
    assertThat(byName.id()).isEqualTo(TopicIds.kafkas(SECOND));
    assertThat(byName.partitions()).hasSize(3);
    assertThat(topics.topicsById()).hasSize(1);
  }
}
