package io.sediment.compactor.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.simulation.Seeds;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random histories, cleaned at random moments up to random offsets with little memory, against a
 * map of the last record of each key.
 */
class CleaningModelTest {
  private static final long DELETE_RETENTION_MS = 3_000;

  static LongStream seeds() {
    return Seeds.upTo(60);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void exactlyTheLastRecordOfEachKeyStays(long seed) throws Exception {
    Random random = new Random(seed);
    History history = new History(random, 1 + random.nextInt(50));
    CleanedLog log =
        new CleanedLog(
            history,
            DELETE_RETENTION_MS,
            1 + random.nextInt(30),
            1 + random.nextInt(100),
            2 + random.nextInt(8));
    List<ByteBuffer> written = new ArrayList<>();
    Map<Long, Long> firstPassMs = new HashMap<>(); // of each offset
    for (int pass = 0; pass < 10; pass++) {
      int batches = random.nextInt(30);
      for (int i = 0; i < batches; i++) {
        ByteBuffer batch = history.next();
        written.add(batch.duplicate());
        log.append(batch);
      }
      history.pass(random.nextInt(4_000));
      long ceiling = ceiling(written, history.lastStableOffset(), log.firstDirty(), random);
      if (ceiling > log.firstDirty()) {
        for (long offset = log.firstDirty(); offset < ceiling; offset++) {
          firstPassMs.put(offset, history.nowMs());
        }
        log.clean(ceiling);
      }
      check(history, written, log, firstPassMs);
    }
  }

  /** An end of a batch at or below the last stable offset. */
  private static long ceiling(List<ByteBuffer> written, long stable, long from, Random random) {
    List<Long> ends = new ArrayList<>();
    for (ByteBuffer batch : written) {
      long end = RecordBatchLayout.lastOffset(batch, batch.position()) + 1;
      if (end <= stable && end > from) {
        ends.add(end);
      }
    }
    return ends.isEmpty() ? from : ends.get(random.nextInt(ends.size()));
  }

  private static void check(
      History history, List<ByteBuffer> written, CleanedLog log, Map<Long, Long> firstPassMs) {
    long ceiling = log.firstDirty();
    Map<ByteBuffer, Record> last = new HashMap<>();
    Map<Long, Record> above = new TreeMap<>();
    for (RecordBatch batch : parsed(written)) {
      for (Record record : batch) {
        if (record.offset() >= ceiling) {
          above.put(record.offset(), record);
        } else if (record.hasKey() && !batch.isControlBatch() && !isAborted(history, batch)) {
          last.put(record.key(), record);
        }
      }
    }
    Map<Long, Record> expected = new TreeMap<>(above);
    last.values().forEach(record -> expected.put(record.offset(), record));
    long previous = -1;
    for (RecordBatch batch : log.batches()) {
      batch.ensureValid();
      assertThat(batch.baseOffset()).isGreaterThan(previous);
      previous = batch.lastOffset();
      for (Record record : batch) {
        if (batch.isControlBatch() && record.offset() < ceiling) {
          continue;
        }
        Record model = expected.remove(record.offset());
        assertThat(model).as("record at offset " + record.offset()).isNotNull();
        assertThat(record.timestamp()).isEqualTo(model.timestamp());
        assertThat(record.key()).isEqualTo(model.key());
        assertThat(record.value()).isEqualTo(model.value());
        assertThat(record.headers()).isEqualTo(model.headers());
      }
    }
    // What is missing are tombstones whose time has come, no others.
    expected.forEach(
        (offset, record) -> {
          assertThat(offset).isLessThan(ceiling);
          assertThat(record.hasValue()).as("last value of a key, offset " + offset).isFalse();
          assertThat(firstPassMs.get(offset) + DELETE_RETENTION_MS)
              .as("delete horizon of offset " + offset)
              .isLessThanOrEqualTo(history.nowMs());
        });
    checkProducers(history, log);
  }

  /** Last sequences can be told from what is left. */
  private static void checkProducers(History history, CleanedLog log) {
    for (ProducerEntry producer : history.producers()) {
      if (producer.batches().isEmpty()) {
        continue;
      }
      ProducerEntry.Batch last = producer.batches().get(producer.batches().size() - 1);
      assertThat(log.batches())
          .as("last batch of " + producer)
          .anyMatch(
              batch ->
                  batch.producerId() == producer.producerId()
                      && batch.producerEpoch() == producer.producerEpoch()
                      && batch.baseOffset() == last.baseOffset()
                      && batch.lastOffset() == last.lastOffset()
                      && batch.lastSequence() == last.lastSequence());
    }
  }

  private static boolean isAborted(History history, RecordBatch batch) {
    for (AbortedTxn txn : history.aborted()) {
      if (batch.isTransactional()
          && txn.producerId() == batch.producerId()
          && txn.firstOffset() <= batch.baseOffset()
          && batch.lastOffset() <= txn.lastOffset()) {
        return true;
      }
    }
    return false;
  }

  private static List<RecordBatch> parsed(List<ByteBuffer> buffers) {
    List<RecordBatch> batches = new ArrayList<>();
    for (ByteBuffer batch : buffers) {
      MemoryRecords.readableRecords(batch.duplicate()).batches().forEach(batches::add);
    }
    return batches;
  }
}
