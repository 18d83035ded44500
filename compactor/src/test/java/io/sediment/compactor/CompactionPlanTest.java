package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.compactor.CompactionPlan.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;

class CompactionPlanTest {
  @Test
  void aPlanNeedsSources() {
    assertThatThrownBy(() -> new CompactionPlan(Reason.CLUSTER, List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void withoutCompactionNothingIsPlanned() {
    assertThat(new NoCompaction().plan(Shapes.draw("| 10 10 10 10 10 10 10 10"))).isEmpty();
  }
}
