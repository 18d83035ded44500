package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
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

  /** The log start may pass all of an older lane while a producer's last batches are only there. */
  @Test
  void aLogStartDropsWhatLiesBelowButNotTheLanesOfOldProducers() {
    Partition partition =
        new Partition(
            List.of(in(1, 1, 0), in(1, 2, 10), in(2, 3, 20), in(2, 4, 30), in(2, 5, 40)), 0);
    assertThat(partition.withLogStartOffset(45).placements())
        .containsExactly(in(1, 2, 10), in(2, 3, 20), in(2, 5, 40));
  }

  /**
   * Whoever reads the states of producers in an old lane waits for the end that the placements
   * name: a later one would never come.
   */
  @Test
  void whereAPartitionEndedInAnOlderLaneIsRememberedWithTheLane() {
    List<Placement> moves = List.of(in(0, 0, 0), in(2, 2, 29), in(2, 3, 63), in(7, 5, 86));
    Partition partition = new Partition(moves.subList(0, 3), 55);
    for (long logStart : List.of(55L, 78L, 86L, 103L)) {
      partition = partition.withLogStartOffset(logStart);
      if (logStart == 78) {
        partition = partition.withPlacement(moves.get(3));
      }
      assertThat(partition.placements().subList(0, 2)).isEqualTo(moves.subList(0, 2));
    }
  }

  @Test
  void onlyTheLastFewLanesAreRemembered() {
    List<Placement> moves = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      moves.add(in(i, i, i * 10));
    }
    assertThat(new Partition(moves, 0).withLogStartOffset(80).placements())
        .isEqualTo(moves.subList(4, 9));
  }

  private static Placement in(int lane, int leaderEpoch, long startOffset) {
    return new Placement(leaderEpoch, new LaneId(lane), leaderEpoch, startOffset);
  }
}
