package io.sediment.lsm.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.object.ProducerEntry.Batch;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProducersOfLanesTest {
  /** Batches of one record each; their sequences are their offsets. */
  private static ProducerEntry entry(int producerEpoch, long lastAppendMs, int... offsets) {
    return new ProducerEntry(
        7,
        (short) producerEpoch,
        ProducerEntry.NO_COORDINATOR_EPOCH,
        ProducerEntry.NO_OPEN_TXN,
        lastAppendMs,
        IntStream.of(offsets).mapToObj(at -> new Batch(at, at, at, at, 0)).toList());
  }

  private static ProducersOfLanes of(ProducerEntry... lanes) {
    ProducersOfLanes states = new ProducersOfLanes();
    for (ProducerEntry lane : lanes) {
      states.add(List.of(lane));
    }
    return states;
  }

  @Test
  void aLaneThatWasLeftAndCameBackToDoesNotHideTheLaneBetween() {
    // Left at 2, come back to at 5 without a record of this producer: all that it knows is old.
    assertThat(of(entry(0, 1, 0, 1), entry(0, 2, 3, 4), entry(0, 1, 0, 1)).entries())
        .containsExactly(entry(0, 2, 0, 1, 3, 4));
  }

  @Test
  void theLastFewBatchesOfAllLanesAreKept() {
    assertThat(of(entry(0, 1, 0, 1, 9), entry(0, 2, 3, 4, 5), entry(0, 3, 0, 1, 9)).entries())
        .containsExactly(entry(0, 3, 1, 3, 4, 5, 9));
  }

  @Test
  void batchesOfAnotherProducerEpochAreForgotten() {
    assertThat(of(entry(1, 1, 8, 9), entry(0, 2, 3, 4), entry(1, 3, 8, 9)).entries())
        .containsExactly(entry(1, 3, 8, 9));
  }
}
