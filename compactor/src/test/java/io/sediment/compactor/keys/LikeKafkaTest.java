package io.sediment.compactor.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.simulation.Seeds;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same history goes through Apache Kafka's own cleaner and through ours, pass by pass. */
class LikeKafkaTest {
  private static final long DELETE_RETENTION_MS = 5_000;

  @TempDir Path folder;

  static LongStream seeds() {
    return Seeds.upTo(10);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void everyPassLeavesTheSameBatches(long seed) throws Exception {
    Random random = new Random(seed);
    History history = new History(random, 5 + random.nextInt(60));
    CleanedLog ours =
        new CleanedLog(
            history,
            DELETE_RETENTION_MS,
            1 + random.nextInt(40),
            1 + random.nextInt(200),
            2 + random.nextInt(8));
    try (KafkaLog kafka = new KafkaLog(folder, DELETE_RETENTION_MS)) {
      for (int pass = 0; pass < 6; pass++) {
        int batches = random.nextInt(40);
        for (int i = 0; i < batches; i++) {
          append(history.next(), ours, kafka);
        }
        // Kafka cleans whole segments: the ceiling is where one ends and all is decided.
        history.endTransactions().forEach(marker -> append(marker, ours, kafka));
        long ceiling = history.nextOffset();
        history.pass(random.nextInt(8_000));
        if (ceiling > ours.firstDirty()) {
          kafka.roll();
          kafka.clean(ours.firstDirty(), ceiling, history.nowMs());
          ours.clean(ceiling);
        }
        assertThat(describe(ours.batches())).isEqualTo(describe(kafka.batches()));
      }
    }
  }

  private static void append(ByteBuffer batch, CleanedLog ours, KafkaLog kafka) {
    ours.append(batch);
    kafka.append(batch);
  }

  private static List<String> describe(List<RecordBatch> batches) {
    return batches.stream().map(LikeKafkaTest::describe).toList();
  }

  /** Everything that a client can tell. */
  private static String describe(RecordBatch batch) {
    batch.ensureValid();
    StringBuilder text = new StringBuilder();
    text.append(batch.baseOffset()).append("..").append(batch.lastOffset());
    text.append(" epoch=").append(batch.partitionLeaderEpoch());
    text.append(" producer=").append(batch.producerId()).append('/').append(batch.producerEpoch());
    text.append(" sequence=").append(batch.baseSequence()).append("..");
    text.append(batch.lastSequence()).append(' ').append(batch.compressionType());
    text.append(' ').append(batch.timestampType()).append(" max=").append(batch.maxTimestamp());
    text.append(batch.isTransactional() ? " txn" : "").append(batch.isControlBatch() ? " ctl" : "");
    text.append(" horizon=").append(batch.deleteHorizonMs());
    for (Record record : batch) {
      text.append("\n  ").append(record.offset()).append('@').append(record.timestamp());
      text.append(' ').append(record.hasKey() ? hex(record.key()) : "-");
      text.append(" = ").append(record.hasValue() ? hex(record.value()) : "-");
      text.append(' ').append(Arrays.toString(record.headers()));
    }
    return text.toString();
  }

  private static String hex(ByteBuffer bytes) {
    byte[] array = new byte[bytes.remaining()];
    bytes.get(array);
    return java.util.HexFormat.of().formatHex(array);
  }
}
