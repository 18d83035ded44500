package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.ProducerStateRules.Decision;
import io.sediment.lsm.object.ProducerEntry;
import java.io.File;
import java.io.IOException;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogOffsetMetadata;
import org.apache.kafka.storage.internals.log.ProducerAppendInfo;
import org.apache.kafka.storage.internals.log.ProducerStateEntry;
import org.apache.kafka.storage.internals.log.ProducerStateManager;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProducerStateRulesTest {
  private final ProducerStateRules rules = new ProducerStateRules();
  private long nextOffset;

  private Decision offer(long producer, int epoch, int first, int last) {
    Decision decision = rules.decide(producer, (short) epoch, first, last);
    if (decision instanceof Decision.Next) {
      long base = nextOffset;
      nextOffset += last - first + 1L + (last < first ? 1L << 31 : 0);
      rules.appended(
          producer,
          (short) epoch,
          new ProducerEntry.Batch(first, last, base, nextOffset - 1, 0),
          0);
    }
    return decision;
  }

  private static Errors errorOf(Decision decision) {
    return decision instanceof Decision.Refused refused ? refused.error() : Errors.NONE;
  }

  @Test
  void sequencesGoOnAndGapsAreRefused() {
    assertThat(offer(1, 0, 0, 4)).isInstanceOf(Decision.Next.class);
    assertThat(offer(1, 0, 5, 5)).isInstanceOf(Decision.Next.class);
    assertThat(errorOf(offer(1, 0, 7, 7))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assertThat(offer(1, 0, 6, 7)).isInstanceOf(Decision.Next.class);
  }

  @Test
  void anyOfTheLastFiveBatchesIsKnownAgainAndNoOlderOne() {
    for (int i = 0; i < 6; i++) {
      offer(1, 0, i * 10, i * 10 + 9);
    }
    assertThat(errorOf(offer(1, 0, 0, 9))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
    for (int i = 1; i < 6; i++) {
      assertThat(offer(1, 0, i * 10, i * 10 + 9))
          .isEqualTo(new Decision.Duplicate(i * 10L, i * 10L + 9));
    }
    assertThat(errorOf(offer(1, 0, 50, 58))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
  }

  @Test
  void anUnknownProducerMayBeginAnywhere() {
    assertThat(offer(9, 3, 1234, 1240)).isInstanceOf(Decision.Next.class);
  }

  @Test
  void anOlderEpochIsFencedAndANewerOneBeginsAtZero() {
    offer(1, 5, 0, 9);
    assertThat(errorOf(offer(1, 4, 10, 10))).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    assertThat(errorOf(offer(1, 6, 10, 10))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assertThat(offer(1, 6, 0, 3)).isInstanceOf(Decision.Next.class);
    assertThat(errorOf(offer(1, 5, 10, 10))).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
  }

  @Test
  void sequencesWrapToZero() {
    offer(1, 0, Integer.MAX_VALUE - 1, Integer.MAX_VALUE);
    assertThat(offer(1, 0, 0, 2)).isInstanceOf(Decision.Next.class);
    offer(2, 0, Integer.MAX_VALUE - 1, 1);
    assertThat(offer(2, 0, Integer.MAX_VALUE - 1, 1)).isInstanceOf(Decision.Duplicate.class);
    assertThat(offer(2, 0, 2, 2)).isInstanceOf(Decision.Next.class);
  }

  /** The judge is Kafka's own producer state, which must say the same about every batch. */
  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void decidesAsKafkaDoes(long seed) throws IOException {
    Random random = new Random(seed);
    ProducerStateManager kafka =
        new ProducerStateManager(
            new TopicPartition("t", 0),
            new File("target/no-snapshots-here"),
            60_000,
            new ProducerStateManagerConfig(86_400_000, true),
            Time.SYSTEM);
    int[] expected = new int[3];
    int[] epoch = new int[3];
    for (int i = 0; i < 3_000; i++) {
      int producer = random.nextInt(3);
      int offeredEpoch = epoch[producer] + (random.nextInt(40) == 0 ? random.nextInt(3) - 1 : 0);
      offeredEpoch = Math.max(0, offeredEpoch);
      int first =
          switch (random.nextInt(12)) {
            case 0 -> Math.max(0, expected[producer] - 1 - random.nextInt(12));
            case 1 -> DefaultRecordBatch.incrementSequence(expected[producer], 1);
            case 2 -> 0;
            default -> expected[producer];
          };
      if (random.nextInt(300) == 0 && offeredEpoch == epoch[producer] && i < 20) {
        first = Integer.MAX_VALUE - 3;
      }
      int count = 1 + random.nextInt(3);
      int last = DefaultRecordBatch.incrementSequence(first, count - 1);
      long base = nextOffset;
      Decision ours = offer(producer, offeredEpoch, first, last);
      String theirs = kafkaSays(kafka, producer, (short) offeredEpoch, first, last, base, count);
      String said =
          ours instanceof Decision.Refused refused
              ? refused.error().name()
              : ours instanceof Decision.Duplicate duplicate
                  ? "duplicate of " + duplicate.lastOffset()
                  : "next";
      assertThat(said).as("step " + i).isEqualTo(theirs);
      if (ours instanceof Decision.Next) {
        nextOffset = base + count;
        epoch[producer] = offeredEpoch;
        expected[producer] = DefaultRecordBatch.incrementSequence(last, 1);
      }
    }
  }

  private static String kafkaSays(
      ProducerStateManager kafka,
      long producer,
      short epoch,
      int first,
      int last,
      long base,
      int count) {
    ProducerStateEntry known = kafka.activeProducers().get(producer);
    if (known != null && known.producerEpoch() == epoch) {
      Optional<Long> duplicate =
          known.batchMetadata().stream()
              .filter(batch -> batch.firstSeq() == first && batch.lastSeq() == last)
              .map(batch -> batch.lastOffset())
              .findFirst();
      if (duplicate.isPresent()) {
        return "duplicate of " + duplicate.get();
      }
    }
    ProducerAppendInfo append = kafka.prepareUpdate(producer, AppendOrigin.CLIENT);
    try {
      append.appendDataBatch(
          epoch, first, last, 0, new LogOffsetMetadata(base), base + count - 1, false);
    } catch (OutOfOrderSequenceException e) {
      return Errors.OUT_OF_ORDER_SEQUENCE_NUMBER.name();
    } catch (InvalidProducerEpochException e) {
      return Errors.INVALID_PRODUCER_EPOCH.name();
    }
    kafka.update(append);
    return "next";
  }
}
