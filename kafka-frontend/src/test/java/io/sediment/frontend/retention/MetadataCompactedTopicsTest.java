package io.sediment.frontend.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.compactor.keys.CompactedTopics.LogHead;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MetadataCompactedTopicsTest {
  private static final UUID TOPIC = new UUID(7, 7);
  private static final io.sediment.metadata.PartitionId PARTITION =
      new io.sediment.metadata.PartitionId(TOPIC, 0);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final MetadataCompactedTopics topics =
      new MetadataCompactedTopics(metadata, (image, topic) -> Map.of());

  MetadataCompactedTopicsTest() {
    LaneId other = new LaneId(1);
    metadata.accept(new RegisterBroker(1, new UUID(2, 2), "other", 9093, null));
    metadata.accept(new RegisterLane(other, 1));
    metadata.accept(new LaneOpened(other, metadata.accept(new OpenLane(other, 1, 1)), Map.of()));
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(TOPIC, "t", 1, 1, List.of(0), Map.of()))));
  }

  private LogHead head() {
    return topics.head(new PartitionId(TOPIC, 0));
  }

  /** From lane to lane; both brokers have one, of their own number. */
  private void move(int from, int leaderEpoch, long end) {
    metadata.accept(
        new MovePartitions(
            new LaneId(from),
            1,
            List.of(new MovePartitions.Move(PARTITION, leaderEpoch, end, 1 - from))));
  }

  private void raiseLogStart(long offset) {
    metadata.accept(new RaiseLogStarts(Map.of(PARTITION, offset)));
  }

  @Test
  void aLogIsInOneLaneAsFarAsItsFirstMove() {
    assertThat(head()).isEqualTo(new LogHead(0, Long.MAX_VALUE, 0));
    move(0, 0, 100);
    assertThat(head()).isEqualTo(new LogHead(0, 100, 1));
    move(1, 1, 200);
    assertThat(head()).as("it came back").isEqualTo(new LogHead(0, 100, 2));

    raiseLogStart(150);
    assertThat(head()).isEqualTo(new LogHead(150, 200, 2));
    raiseLogStart(200);
    assertThat(head()).isEqualTo(new LogHead(200, Long.MAX_VALUE, 2));
  }

  @Test
  void whatComesBackOverThePartOfAnotherLaneIsNotAllOfTheLog() {
    move(0, 0, 100);
    move(1, 1, 200);
    assertThat(head().reaches(0, 100, 0)).isTrue();
    assertThat(head().reaches(0, 300, 2)).isFalse();
    assertThat(head().reaches(200, 300, 2)).isFalse();
    raiseLogStart(150);
    assertThat(head().reaches(150, 300, 2)).as("though what lay before is dead").isFalse();
    raiseLogStart(200);
    assertThat(head().reaches(200, 300, 2)).isTrue();
    assertThat(head().reaches(200, 300, 3)).as("led under an epoch not seen yet").isFalse();
  }

  @Test
  void ofALogThatIsNotKnownNothingIsSaid() {
    assertThat(topics.head(new PartitionId(new UUID(1, 1), 0)).reaches(0, 5, 0)).isFalse();
  }
}
