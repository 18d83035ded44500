package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Commands are applied, one after the other, to an image that begins with one broker. */
abstract class CommandTestCase {
  static final UUID T = new UUID(1, 1);
  static final LaneId LANE = new LaneId(0);
  static final LaneId OTHER = new LaneId(1);

  /** One broker, 7, that appends to lane 0 under epoch 1. */
  MetadataImage image = InMemoryClusterMetadata.ofOneBroker(7, "host", 9092).image();

  <R> R accept(MetadataCommand<R> command) {
    CommandOutcome<R> outcome = command.applyTo(image);
    image = outcome.image();
    return outcome.result().valueOrThrow();
  }

  <R> void assertRejected(MetadataCommand<R> command, RejectionCode code) {
    CommandOutcome<R> outcome = command.applyTo(image);
    assertThat(outcome.image()).isSameAs(image);
    assertThat(outcome.changedRows()).isEmpty();
    assertThat(outcome.result())
        .isInstanceOfSatisfying(
            CommandResult.Rejected.class, r -> assertThat(r.code()).isEqualTo(code));
  }

  static <V> void assertRejected(CommandResult<V> result, RejectionCode code) {
    assertThat(result)
        .isInstanceOfSatisfying(
            CommandResult.Rejected.class, r -> assertThat(r.code()).isEqualTo(code));
  }

  static NewTopic topic(UUID id, String name, int partitions) {
    return new NewTopic(id, name, partitions, 1, List.of(), Map.of());
  }

  CommandResult<CreatedTopic> create(NewTopic topic) {
    return accept(new CreateTopics(List.of(topic))).get(0);
  }

  Partition partition(int index) {
    Partition partition = image.partition(T, index);
    assertThat(partition).isNotNull();
    return partition;
  }

  static PartitionId id(int partition) {
    return new PartitionId(T, partition);
  }

  /** Restarts the broker of lane 0, whose partitions end at these offsets. */
  void reopen(Map<PartitionId, Long> endOffsets) {
    long epoch = accept(new OpenLane(LANE, 7, 1));
    accept(new LaneOpened(LANE, epoch, endOffsets));
  }

  /** Brokers 7 and 8 with lanes 0 and 1; four partitions, two in each. */
  void twoBrokers() {
    accept(new RegisterBroker(8, T, "b", 1, null));
    accept(new RegisterLane(OTHER, 8));
    accept(new LaneOpened(OTHER, accept(new OpenLane(OTHER, 8, 1)), Map.of()));
    create(new NewTopic(T, "t", 4, 1, List.of(7, 7, 8, 8), Map.of()));
  }

  static MovePartitions move(int partition, int leaderEpoch, long end, int target) {
    return new MovePartitions(
        LANE, 1, List.of(new MovePartitions.Move(id(partition), leaderEpoch, end, target)));
  }
}
