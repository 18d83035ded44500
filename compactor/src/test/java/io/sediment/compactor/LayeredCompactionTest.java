package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Trees go in as {@link Shapes} draws them, decisions come out. */
class LayeredCompactionTest {
  private final LayeredCompaction policy =
      new LayeredCompaction(
          new CompactionOptions(
              4, 6, 100L << 20, 55, 3, 30L << 20, 8 << 20, 256 << 20, 8 << 20, 1 << 20, 5 << 20));

  private String plan(String picture) {
    Optional<CompactionPlan> plan = policy.plan(Shapes.draw(picture));
    return plan.map(
            it ->
                it.reason()
                    + " runs="
                    + it.runs().stream().map(run -> "" + run.number()).collect(Collectors.toList())
                    + " l0="
                    + it.l0().stream().map(ref -> "" + ref.number()).collect(Collectors.toList()))
        .orElse("-");
  }

  @Test
  void level0GrowsUntilAStepIsWorthIt() {
    assertThat(plan("|")).isEqualTo("-");
    assertThat(plan("| 5 5 5")).isEqualTo("-");
    assertThat(plan("| 5 5 5 5")).isEqualTo("CLUSTER runs=[] l0=[1, 2, 3, 4]");
    assertThat(plan("50/50 | 5 5 5 5")).isEqualTo("CLUSTER runs=[] l0=[1, 2, 3, 4]");
  }

  @Test
  void theOldestGoFirstAndNoMoreThanFit() {
    assertThat(plan("| 40 40 40 40")).as("bytes").isEqualTo("CLUSTER runs=[] l0=[1, 2]");
    assertThat(plan("| 400 40 40 40")).as("one always fits").isEqualTo("CLUSTER runs=[] l0=[1]");
    assertThat(plan("| 1 1 1 1 1 1 1 1"))
        .as("sections")
        .isEqualTo("CLUSTER runs=[] l0=[1, 2, 3, 4, 5]");
  }

  @Test
  void aSealedLaneIsClusteredToItsEnd() {
    assertThat(plan("| 5 sealed")).isEqualTo("CLUSTER runs=[] l0=[1]");
    assertThat(plan("5/5 | sealed")).isEqualTo("-");
  }

  @Test
  void whatIsMoreThanHalfDeadIsEvacuated() {
    assertThat(plan("90/50 |")).isEqualTo("-");
    assertThat(plan("90/90 90/40 |")).isEqualTo("EVACUATE runs=[2] l0=[]");
    assertThat(plan("90/0 |")).isEqualTo("EVACUATE runs=[1] l0=[]");
  }

  @Test
  void whatTimeLetsGoBeforeLongIsNotMoved() {
    assertThat(plan("90/40/19 |")).isEqualTo("-");
    assertThat(plan("90/40/0 90/40/20 |")).isEqualTo("EVACUATE runs=[2] l0=[]");
    assertThat(plan("90/0/0 |")).as("all dead").isEqualTo("EVACUATE runs=[1] l0=[]");
  }

  @Test
  void manySmallNeighboursBecomeOne() {
    assertThat(plan("5/5 5/5 |")).isEqualTo("-");
    assertThat(plan("5/5 5/5 5/5 |")).isEqualTo("JOIN runs=[1, 2, 3] l0=[]");
    assertThat(plan("25/25 5/5 5/5 5/5 |")).isEqualTo("JOIN runs=[2, 3, 4] l0=[]");
    assertThat(plan("5/5 5/5 25/25 5/5 |")).isEqualTo("-");
    assertThat(plan("5/5 5/5 11/11 |")).as("not its share of 30 MB").isEqualTo("-");
  }
}
