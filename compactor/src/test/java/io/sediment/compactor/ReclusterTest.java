package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.run.RunProducers;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReclusterTest {
  private static final long EXPIRED_BEFORE_MS = 1_000;

  private static ProducerEntry change(
      long producer, int coordinatorEpoch, long txnFirstOffset, long lastAppendMs) {
    return new ProducerEntry(
        producer, (short) 0, coordinatorEpoch, txnFirstOffset, lastAppendMs, List.of());
  }

  /** The changes that stay, each from an object of its own. */
  private static List<ProducerEntry> kept(ProducerEntry... changes) {
    List<List<SourceSection>> sources =
        Arrays.stream(changes)
            .map(
                change ->
                    List.of(
                        new SourceSection(
                            LaneWorld.partition(0),
                            9,
                            9,
                            List.of(),
                            new RunProducers(1, List.of(change)),
                            List.of(),
                            ExtensionFields.NONE)))
            .toList();
    Liveness liveness = new Liveness(Map.of(), Set.of(), EXPIRED_BEFORE_MS, partition -> 0);
    return new Recluster(liveness, CompactingWorld.TINY, partition -> false, object -> false)
        .plan(sources, List.of()).values().stream()
            .flatMap(List::stream)
            .flatMap(section -> section.producers().entries().stream())
            .toList();
  }

  @Test
  void producersThatWereSilentForLongAreForgotten() {
    ProducerEntry old = change(1, -1, -1, 10);
    ProducerEntry young = change(2, -1, -1, EXPIRED_BEFORE_MS);
    assertThat(kept(old, young)).containsExactly(young);
  }

  /** Else an old transaction would be open again and hold the last stable offset for ever. */
  @Test
  void theEndOfATransactionStaysWithItsBeginning() {
    ProducerEntry begin = change(1, -1, 3, 10);
    ProducerEntry end = change(1, 5, -1, 20);
    assertThat(kept(begin, end)).containsExactly(begin, end);
    assertThat(kept(end)).as("where an older snapshot has the beginning").containsExactly(end);
  }
}
