package io.sediment.lsm.object;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProducerStatesTest {
  @Test
  void changesFoldedOneByOneOrFromASnapshotGiveTheSameState() {
    List<ProducerEntry> changes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      changes.add(batch(7, 0, i, 100 + i));
      changes.add(batch(3, i / 10, i % 10, 200 + i));
    }
    ProducerStates all = new ProducerStates();
    all.apply(changes);
    for (int cut = 0; cut <= changes.size(); cut++) {
      ProducerStates first = new ProducerStates();
      first.apply(changes.subList(0, cut));
      ProducerStates then = ProducerStates.of(first.snapshot());
      then.apply(changes.subList(cut, changes.size()));
      assertThat(then.snapshot()).as("cut=%d", cut).isEqualTo(all.snapshot());
    }
    assertThat(all.snapshot()).extracting(ProducerEntry::producerId).containsExactly(3L, 7L);
    assertThat(all.get(7)).isNotNull();
    assertThat(all.get(7).batches()).hasSize(ProducerEntry.BATCHES_KEPT);
  }

  @Test
  void aNewEpochForgetsTheBatchesOfTheOld() {
    ProducerStates states = new ProducerStates();
    states.apply(batch(1, 0, 5, 10));
    states.apply(batch(1, 1, 0, 11));
    assertThat(states.get(1).batches())
        .extracting(ProducerEntry.Batch::baseOffset)
        .containsExactly(11L);
    states.apply(batch(1, 0, 6, 12));
    assertThat(states.get(1).batches())
        .as("an older epoch that stands in the log counts as well")
        .extracting(ProducerEntry.Batch::baseOffset)
        .containsExactly(12L);
  }

  @Test
  void silentProducersExpireUnlessATransactionIsOpen() {
    ProducerStates states = new ProducerStates();
    states.apply(new ProducerEntry(1, (short) 0, -1, -1, 1_000, List.of()));
    states.apply(new ProducerEntry(2, (short) 0, -1, -1, 2_000, List.of()));
    states.apply(new ProducerEntry(3, (short) 0, -1, 55, 1_000, List.of()));
    states.expireBefore(2_000);
    assertThat(states.snapshot()).extracting(ProducerEntry::producerId).containsExactly(2L, 3L);
    assertThat(states.get(1)).isNull();
  }

  private static ProducerEntry batch(long id, int epoch, int sequence, long offset) {
    return new ProducerEntry(
        id,
        (short) epoch,
        -1,
        -1,
        offset,
        List.of(new ProducerEntry.Batch(sequence, sequence, offset, offset, offset)));
  }
}
