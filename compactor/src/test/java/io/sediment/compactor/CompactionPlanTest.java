package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CompactionPlanTest {
  private final L0Ref first = l0(1);
  private final L0Ref second = l0(2);
  private final L0Ref third = l0(3);
  private final LsmShape shape = new LsmShape(new LaneId(0), List.of(first, second, third));

  @Test
  void onlyNeighboursFit() {
    assertThat(new CompactionPlan(List.of(first, second)).fits(shape)).isTrue();
    assertThat(new CompactionPlan(List.of(second, third)).fits(shape)).isTrue();
    assertThat(new CompactionPlan(List.of(first, third)).fits(shape)).isFalse();
    assertThat(new CompactionPlan(List.of(second, first)).fits(shape)).isFalse();
    assertThat(new CompactionPlan(List.of(l0(9))).fits(shape)).isFalse();
  }

  @Test
  void aPlanMergesSomething() {
    assertThatThrownBy(() -> new CompactionPlan(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void withoutCompactionNothingIsPlanned() {
    assertThat(new NoCompaction().plan(shape, Set.of())).isEmpty();
  }

  private static L0Ref l0(long number) {
    return new L0Ref(SortedObjectKind.L0, 1, number, 100, 7, 1, 50, 1);
  }
}
