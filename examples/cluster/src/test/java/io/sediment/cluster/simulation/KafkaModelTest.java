package io.sediment.cluster.simulation;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What the model makes of logs that are wrong. */
class KafkaModelTest {
  private static final Place PLACE = new Place("topic", 0);
  private static final Generation BROKER = new Generation(1, 1);
  private static final NavigableMap<Long, Long> TIMES =
      new TreeMap<>(Map.of(5L, 100L, 6L, 300L, 7L, 200L));

  private final Simulation simulation = new Simulation(1);
  private final KafkaModel model = new KafkaModel(simulation);

  private void ends() {
    simulation.runFor(Duration.ofMillis(1));
  }

  @Test
  void producersMayMixAndAnswersMayComeLate() {
    model.acked(PLACE, BROKER, 0, List.of("a#0", "a#1"), true);
    model.acked(PLACE, BROKER, 3, List.of("a#2"), true);
    model.acked(PLACE, BROKER, 2, List.of("b#10"), true);
    model.read(PLACE, BROKER, 3, "a#2", true);
    assertThatCode(this::ends).doesNotThrowAnyException();
  }

  @Test
  void recordsThatHaveChangedPlacesAreNoticed() {
    model.read(PLACE, BROKER, 0, "a#1", true);
    model.read(PLACE, BROKER, 1, "a#0", true);
    assertThatThrownBy(this::ends).hasMessageContaining("nonmonotonic send: a#0");
  }

  @Test
  void plainProducersMayRepeatThemselves() {
    model.read(PLACE, BROKER, 0, "a#1", false);
    model.read(PLACE, BROKER, 1, "a#0", false);
    model.read(PLACE, BROKER, 2, "a#1", false);
    assertThatCode(this::ends).doesNotThrowAnyException();
  }

  @Test
  void theFirstRecordOfATimeIsRight() {
    model.foundTimestamp(PLACE, TIMES, 50, 5);
    model.foundTimestamp(PLACE, TIMES, 150, 6);
    model.foundTimestamp(PLACE, TIMES, 301, -1);
    assertThatCode(this::ends).doesNotThrowAnyException();
  }

  @Test
  void aLaterRecordOfATimeIsWrong() {
    model.foundTimestamp(PLACE, TIMES, 150, 7);
    assertThatThrownBy(this::ends).hasMessageContaining("found at 7, and is at 6");
  }

  @Test
  void itIsRightWhereRetentionLeavesNoOther() {
    model.hasRetention(PLACE, 1_000);
    model.foundTimestamp(PLACE, TIMES, 150, 7);
    assertThatCode(this::ends).doesNotThrowAnyException();
    model.foundTimestamp(PLACE, TIMES, 250, 7);
    assertThatThrownBy(this::ends).hasMessageContaining("wrong offset for timestamp");
  }
}
