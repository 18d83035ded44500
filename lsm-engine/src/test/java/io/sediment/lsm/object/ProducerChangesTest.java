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

class ProducerChangesTest {
  static LongStream seeds() {
    return Seeds.upTo(500);
  }

  /** Whatever part of them is in the state already: a compaction stops where it likes. */
  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void joinedChangesMakeOfEachStateWhatTheLogMakes(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<ProducerEntry> log = log(random, 60);
    int snapshotAt = random.nextInt(log.size());
    ProducerChanges changes = ProducerChanges.NONE;
    for (int from = snapshotAt; from < log.size(); ) {
      int to = Math.min(log.size(), from + 1 + random.nextInt(9));
      changes = changes.then(log.subList(from, to));
      from = to;
    }

    List<ProducerEntry> expected = stateAfter(log);
    for (int stateAt = snapshotAt; stateAt <= log.size(); stateAt++) {
      ProducerStates states = ProducerStates.of(stateAfter(log.subList(0, stateAt)));
      changes.entries().forEach(states::applyWhatIsNew);
      assertThat(states.snapshot()).as("state at %d", stateAt).isEqualTo(expected);
    }
    long epochChanges = log.size() - snapshotAt;
    assertThat(changes.entries().size()).isLessThanOrEqualTo((int) epochChanges);
  }

  @Test
  void ofOneEpochNoMoreStaysThanAStateHas() {
    List<ProducerEntry> log = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      log.add(batch(i % 3, 0, i, -1));
    }
    ProducerChanges changes = ProducerChanges.NONE.then(log);
    assertThat(changes.entries()).isEqualTo(stateAfter(log));
    assertThat(changes.entries()).hasSize(3);
  }

  @Test
  void whatIsNotKnownStaysSo() {
    ProducerChanges changes = ProducerChanges.UNKNOWN.then(List.of(batch(1, 0, 5, -1)));
    assertThat(changes).isEqualTo(ProducerChanges.UNKNOWN);
    List<ProducerEntry> some = List.of(batch(1, 0, 5, -1));
    assertThatThrownBy(() -> new ProducerChanges(false, some))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void silentProducersExpireUnlessTheyHaveTransactions() {
    ProducerEntry marker = new ProducerEntry(3, (short) 0, 7, -1, 12, List.of());
    ProducerChanges changes =
        ProducerChanges.NONE.then(
            List.of(
                batch(1, 0, 10, -1),
                batch(2, 0, 11, 11),
                marker,
                batch(3, 1, 13, -1),
                batch(4, 0, 14, -1),
                batch(4, 1, 30, -1)));
    ProducerChanges kept = changes.expireBefore(20);
    assertThat(kept.entries())
        .extracting(ProducerEntry::producerId)
        .as("an open transaction, one that a marker ended, and who was heard of since")
        .containsExactly(2L, 3L, 3L, 4L, 4L);
    assertThat(kept.expireBefore(20)).isSameAs(kept);
    assertThat(ProducerChanges.UNKNOWN.expireBefore(20)).isSameAs(ProducerChanges.UNKNOWN);
  }

  private static List<ProducerEntry> stateAfter(List<ProducerEntry> log) {
    ProducerStates states = new ProducerStates();
    states.apply(log);
    return states.snapshot();
  }

  /** What batches and markers of a few producers did; an epoch may also be an older one again. */
  private static List<ProducerEntry> log(SplittableRandom random, int lengthMax) {
    List<ProducerEntry> log = new ArrayList<>();
    int[] epochs = new int[3];
    long[] open = {-1, -1, -1};
    for (int offset = 1 + random.nextInt(lengthMax); offset > 0; offset--) {
      int id = random.nextInt(epochs.length);
      long at = log.size();
      int step = random.nextInt(6) == 0 ? 1 : random.nextInt(12) == 0 ? -1 : 0;
      epochs[id] = Math.max(0, epochs[id] + step);
      if (random.nextInt(5) == 0) {
        open[id] = -1;
        log.add(new ProducerEntry(id, (short) epochs[id], random.nextInt(3), -1, at, List.of()));
      } else {
        if (open[id] == -1 && random.nextBoolean()) {
          open[id] = at;
        }
        log.add(batch(id, epochs[id], at, open[id]));
      }
    }
    return log;
  }

  private static ProducerEntry batch(long id, int epoch, long offset, long txnFirstOffset) {
    return new ProducerEntry(
        id,
        (short) epoch,
        -1,
        txnFirstOffset,
        offset,
        List.of(new ProducerEntry.Batch((int) offset, (int) offset, offset, offset, offset)));
  }
}
