package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.PlacedPartition.Span;
import io.sediment.lsm.LaneId;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlacedPartitionTest {
  private static Placement placement(int leaderEpoch, int lane, long startOffset) {
    return new Placement(leaderEpoch, new io.sediment.metadata.LaneId(lane), 1, startOffset);
  }

  private static Span span(int lane, long startOffset, long endOffset) {
    return new Span(new LaneId(lane), startOffset, endOffset);
  }

  @Test
  void aPartitionThatNeverMovedLiesInOneLane() {
    Partition partition = new Partition(List.of(placement(0, 4, 0)), 0);
    assertThat(PlacedPartition.startInLane(partition, 0, 7)).isZero();
    assertThat(PlacedPartition.spansBelow(0, partition)).isEmpty();
  }

  @Test
  void leadershipsInOneLaneAreOnePart() {
    Partition partition =
        new Partition(
            List.of(
                placement(0, 1, 0),
                placement(1, 1, 10),
                placement(4, 2, 30),
                placement(5, 3, 50),
                placement(6, 3, 70)),
            0);
    assertThat(PlacedPartition.startInLane(partition, 6, 99)).isEqualTo(50);
    assertThat(PlacedPartition.startInLane(partition, 5, 99)).isEqualTo(50);
    assertThat(PlacedPartition.startInLane(partition, 4, 99)).isEqualTo(30);
    assertThat(PlacedPartition.spansBelow(50, partition))
        .containsExactly(span(1, 0, 30), span(2, 30, 50));
  }

  @Test
  void aPartThatCameBackToItsLaneIsTwoParts() {
    Partition partition =
        new Partition(List.of(placement(0, 1, 0), placement(1, 2, 10), placement(2, 1, 20)), 0);
    assertThat(PlacedPartition.startInLane(partition, 2, 99)).isEqualTo(20);
    assertThat(PlacedPartition.spansBelow(20, partition))
        .containsExactly(span(1, 0, 10), span(2, 10, 20));
  }

  @Test
  void whatRetentionHasTakenIsNotLookedFor() {
    Partition partition = new Partition(List.of(placement(4, 2, 30), placement(5, 3, 50)), 44);
    assertThat(PlacedPartition.spansBelow(50, partition)).containsExactly(span(2, 30, 50));
    Partition later = new Partition(List.of(placement(5, 3, 50)), 60);
    assertThat(PlacedPartition.spansBelow(50, later)).isEmpty();
  }

  @Test
  void anUnknownLeadershipBeginsWhereItSays() {
    Partition partition = new Partition(List.of(placement(5, 3, 50)), 0);
    assertThat(PlacedPartition.startInLane(partition, 6, 80)).isEqualTo(80);
  }
}
