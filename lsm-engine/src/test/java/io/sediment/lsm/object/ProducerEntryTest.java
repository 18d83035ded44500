package io.sediment.lsm.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProducerEntryTest {
  static LongStream seeds() {
    return Seeds.upTo(200);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void manyChangesAtOnceAreTheSameAsOneAfterTheOther(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<ProducerEntry> changes = new ArrayList<>();
    int producerEpoch = 0;
    for (int i = random.nextInt(20); i >= 0; i--) {
      int step = random.nextInt(8) == 0 ? 1 : random.nextInt(20) == 0 ? -1 : 0;
      producerEpoch = Math.max(0, producerEpoch + step);
      changes.add(entry(random, 7, producerEpoch));
    }

    assertThat(ProducerEntry.inOrder(changes))
        .isEqualTo(changes.stream().reduce(ProducerEntry::then).orElseThrow());
  }

  @Test
  void anOlderEpochAfterANewerOneIsWhatCounts() {
    SplittableRandom random = new SplittableRandom(1);
    ProducerEntry last = entry(random, 7, 1);
    List<ProducerEntry> changes = List.of(entry(random, 7, 1), entry(random, 7, 2), last);

    ProducerEntry folded = ProducerEntry.inOrder(changes);
    assertThat(folded).isEqualTo(changes.stream().reduce(ProducerEntry::then).orElseThrow());
    assertThat(folded.producerEpoch()).isEqualTo((short) 1);
    assertThat(folded.batches()).isEqualTo(last.batches());
  }

  @Test
  void anotherProducerInBetweenIsAMistake() {
    SplittableRandom random = new SplittableRandom(1);
    List<ProducerEntry> changes = List.of(entry(random, 7, 1), entry(random, 8, 1));

    assertThatThrownBy(() -> ProducerEntry.inOrder(changes))
        .isInstanceOf(IllegalStateException.class);
  }

  private static ProducerEntry entry(SplittableRandom random, long producerId, int producerEpoch) {
    List<ProducerEntry.Batch> batches = new ArrayList<>();
    for (int i = random.nextInt(ProducerEntry.BATCHES_KEPT + 1); i > 0; i--) {
      batches.add(
          new ProducerEntry.Batch(
              random.nextInt(100), random.nextInt(100), random.nextInt(100), 200, 5));
    }
    return new ProducerEntry(
        producerId,
        (short) producerEpoch,
        random.nextInt(-1, 5),
        random.nextInt(-1, 50),
        random.nextInt(1000),
        batches);
  }
}
