package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class PartitionTest {
  private static final LaneId LANE = new LaneId(3);

  private static Placement at(int leaderEpoch, long startOffset) {
    return new Placement(leaderEpoch, LANE, 1, startOffset);
  }

  @Test
  void anOffsetLiesInTheLastPlacementThatStartsAtOrBelowIt() {
    Partition partition = new Partition(List.of(at(0, 5), at(2, 10), at(7, 20)), 0);
    assertThat(partition.placementOf(0)).isEqualTo(at(0, 5));
    assertThat(partition.placementOf(9)).isEqualTo(at(0, 5));
    assertThat(partition.placementOf(10)).isEqualTo(at(2, 10));
    assertThat(partition.placementOf(1000)).isEqualTo(at(7, 20));
    assertThat(partition.leaderEpoch()).isEqualTo(7);
  }

  @Test
  void placementsOutOfOrderAreNoPartition() {
    assertThatThrownBy(() -> new Partition(List.of(), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Partition(List.of(at(1, 5), at(1, 6)), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Partition(List.of(at(1, 5), at(2, 5)), 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
