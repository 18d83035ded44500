package io.sediment.frontend.kafka.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.FakeLane;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.DeleteTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.NewTopic;
import io.sediment.runtime.SystemPorts;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Elections and resignations are told at once, and carried out by the runtime later. */
class CoordinatorLogsTest {
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final PartitionLogs registry =
      new PartitionLogs(
          0,
          metadata,
          new FakeLane(0, 1, Runnable::run),
          (image, topic) -> Map.of(),
          SystemPorts.wallClock());
  private final CoordinatorLogs logs = new CoordinatorLogs();
  private final PartitionLog first = newLog(1);
  private final PartitionLog second = newLog(2);

  /** Another life of partition 0. */
  private PartitionLog newLog(long id) {
    UUID topic = new UUID(0, id);
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(topic, "internal", 1, 1, List.of(), Map.of()))));
    PartitionLog log = registry.all().iterator().next();
    metadata.accept(new DeleteTopics(List.of(topic)));
    return log;
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  @Test
  void aLoadThatComesAfterItsResignationDoesNotTakeTheNextLog() {
    logs.elect(first);
    logs.resign(first);
    logs.elect(second);
    assertThat(logs.load(0)).as("the first election, carried out late").isNull();
    assertThat(logs.loaded(0)).isNull();
    assertThat(logs.load(0)).isSameAs(second);
    assertThat(logs.loaded(0)).isSameAs(second);
  }

  @Test
  void writesGoToTheLogInMemoryUntilTheNextIsLoaded() {
    logs.elect(first);
    assertThat(logs.load(0)).isSameAs(first);
    logs.resign(first);
    logs.elect(second);
    assertThat(logs.loaded(0)).isSameAs(first);
    assertThat(logs.load(0)).isSameAs(second);
    assertThat(logs.loaded(0)).isSameAs(second);
  }

  @Test
  void whatIsInMemoryIsLoadedAgainWithoutAnElection() {
    logs.elect(first);
    logs.load(0);
    assertThat(logs.load(0)).isSameAs(first);
    logs.resign(first);
    assertThat(logs.load(0)).isNull();
  }
}
