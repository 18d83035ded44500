package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.DrainLane;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Broker 0 with lane 0 beside broker 1 with lane 1. */
class LanesAheadTest {
  private static final LaneId OTHER = new LaneId(1);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final List<Integer> looked = new ArrayList<>();

  LanesAheadTest() {
    metadata.accept(new RegisterBroker(1, new UUID(2, 2), "other", 9093, null));
    metadata.accept(new RegisterLane(OTHER, 1));
    metadata.accept(new LaneOpened(OTHER, metadata.accept(new OpenLane(OTHER, 1, 1)), Map.of()));
  }

  @Test
  void anotherBrokersLaneIsLookedAtWhenItBeginsToDrainAndOnce() {
    try (LanesAhead ahead = LanesAhead.start(0, metadata, lane -> looked.add(lane.value()))) {
      assertThat(looked).isEmpty();
      metadata.accept(new DrainLane(OTHER, 1, 1, 1));
      assertThat(looked).containsExactly(1);
      metadata.accept(new RegisterLane(new LaneId(2), 0));
      assertThat(looked).containsExactly(1);
    }
  }

  @Test
  void theBrokersOwnLaneIsNot() {
    try (LanesAhead ahead = LanesAhead.start(1, metadata, lane -> looked.add(lane.value()))) {
      metadata.accept(new DrainLane(OTHER, 1, 1, 1));
      assertThat(looked).isEmpty();
    }
  }
}
