package io.sediment.wal.simulation;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.SimulationFailure;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the model makes of logs that are wrong. */
class LogModelTest {
  private static final PartitionId PARTITION = new PartitionId(new UUID(7, 7), 0);

  private final Simulation simulation = new Simulation(1);
  private final LogModel model = new LogModel(simulation);

  /** Three batches of two records. */
  private void sent(long... timestamps) {
    for (int i = 0; i < timestamps.length; i++) {
      byte[] batch =
          TestBatch.at(0)
              .records(2)
              .producer(5, 0, i * 2)
              .maxTimestamp(timestamps[i])
              .build()
              .array();
      model.sent(PARTITION, new SimulatedProducer.Pending(i * 2, 2, batch));
    }
  }

  private void acked(long offset, int sequence) {
    model.acked(PARTITION, offset, sequence);
    model.acked(PARTITION, offset + 1, sequence + 1);
  }

  private void ends() {
    simulation.runFor(Duration.ofMillis(1));
  }

  @Test
  void recordsInTheOrderInWhichTheyWereSentAreWell() {
    sent(100, 100, 100);
    acked(0, 0);
    acked(4, 4);
    acked(2, 2); // the answer came late
    assertThatCode(this::ends).doesNotThrowAnyException();
  }

  @Test
  void recordsThatHaveChangedPlacesAreNoticed() {
    sent(100, 100, 100);
    acked(0, 0);
    acked(4, 2);
    acked(2, 4);
    assertThatThrownBy(this::ends)
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("nonmonotonic send: record 4 is at 0@2");
  }

  @Test
  void theFirstBatchOfATimeIsRight() {
    sent(100, 300, 200);
    acked(0, 0);
    acked(2, 2);
    acked(4, 4);
    model.foundTimestamp(PARTITION, 100, 0, 6, OptionalLong.of(0), "somebody");
    model.foundTimestamp(PARTITION, 100, 1, 6, OptionalLong.of(1), "somebody");
    model.foundTimestamp(PARTITION, 150, 0, 6, OptionalLong.of(2), "somebody");
    model.foundTimestamp(PARTITION, 150, 4, 6, OptionalLong.of(4), "somebody");
    model.foundTimestamp(PARTITION, 301, 0, 6, OptionalLong.empty(), "somebody");
    model.foundTimestamp(PARTITION, 150, 0, 2, OptionalLong.empty(), "somebody that knows less");
    assertThatCode(this::ends).doesNotThrowAnyException();
  }

  @Test
  void aLaterBatchOfATimeIsWrong() {
    sent(100, 300, 200);
    acked(0, 0);
    acked(2, 2);
    acked(4, 4);
    model.foundTimestamp(PARTITION, 150, 0, 6, OptionalLong.of(4), "somebody");
    assertThatThrownBy(this::ends).hasMessageContaining("one is at 2");
  }

  @Test
  void anOlderBatchIsWrong() {
    sent(100, 300, 200);
    acked(0, 0);
    acked(2, 2);
    acked(4, 4);
    model.foundTimestamp(PARTITION, 150, 0, 6, OptionalLong.of(0), "somebody");
    assertThatThrownBy(this::ends).hasMessageContaining("wrong offset for timestamp");
  }

  @Test
  void noBatchWhereThereIsOneIsWrong() {
    sent(100, 300, 200);
    acked(0, 0);
    acked(2, 2);
    model.foundTimestamp(PARTITION, 150, 0, 4, OptionalLong.empty(), "somebody");
    assertThatThrownBy(this::ends).hasMessageContaining("one is at 2");
  }
}
