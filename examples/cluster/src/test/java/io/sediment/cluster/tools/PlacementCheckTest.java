package io.sediment.cluster.tools;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.tools.Coverage.Piece;
import io.sediment.lsm.LaneId;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.MovePartitions.Move;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A partition that was led in lane 0, from offset 10 on in lane 1, and from 20 on in 0 again. */
class PlacementCheckTest {
  private static final UUID TOPIC = new UUID(7, 7);
  private static final io.sediment.lsm.PartitionId PARTITION =
      new io.sediment.lsm.PartitionId(TOPIC, 0);

  private MetadataImage image = MetadataImage.empty("cluster", 1);
  private final List<Finding> findings = new ArrayList<>();
  private final Map<LaneId, Coverage> held = new TreeMap<>();

  PlacementCheckTest() {
    for (int broker = 0; broker < 2; broker++) {
      apply(new RegisterBroker(broker, new UUID(0, broker), "localhost", 1 + broker, null));
      apply(new RegisterLane(lane(broker), broker));
      apply(new OpenLane(lane(broker), broker, brokerEpoch(broker)));
      apply(new LaneOpened(lane(broker), 1, Map.of()));
    }
    apply(new CreateTopics(List.of(new NewTopic(TOPIC, "topic", 1, 1, List.of(0), Map.of()))));
    move(0, 0, 1, 10);
    move(1, 1, 0, 20);
  }

  private static io.sediment.metadata.LaneId lane(int value) {
    return new io.sediment.metadata.LaneId(value);
  }

  private long brokerEpoch(int broker) {
    return image.broker(broker).epoch();
  }

  private void apply(MetadataCommand<?> command) {
    image = command.applyTo(image.withVersion(image.version() + 1)).image();
  }

  private void move(int leaderEpoch, int from, int to, long endOffset) {
    Move move = new Move(new PartitionId(TOPIC, 0), leaderEpoch, endOffset, to);
    apply(new MovePartitions(lane(from), 1, List.of(move)));
  }

  /** Lane {@code lane} holds offsets from {@code from} to before {@code to}. */
  private void holds(int lane, long from, long to, int leaderEpoch) {
    held.computeIfAbsent(new LaneId(lane), it -> Coverage.ofLevels(image, findings::add))
        .add("object", new Piece(PARTITION, from, to, leaderEpoch, leaderEpoch));
  }

  private List<String> findings() {
    new PlacementCheck(image, held, findings::add).look();
    return findings.stream().map(Finding::toString).toList();
  }

  @Test
  void whatLiesElsewhereIsNotMissing() {
    holds(0, 0, 10, 0);
    holds(1, 10, 20, 1);
    holds(0, 20, 30, 2);
    assertThat(findings()).isEmpty();
  }

  @Test
  void whatALaterLeadershipDidNotGoOnFromIsMissing() {
    holds(0, 0, 7, 0);
    holds(1, 10, 20, 1);
    holds(0, 20, 30, 2);
    assertThat(findings()).singleElement().asString().contains("lane=0 fromOffset=7 toOffset=10");
  }

  @Test
  void whatALaterLeadershipDidNotBeginWithIsMissing() {
    holds(0, 0, 10, 0);
    holds(1, 10, 20, 1);
    holds(0, 23, 30, 2);
    assertThat(findings()).singleElement().asString().contains("lane=0 fromOffset=20 toOffset=23");
  }
}
