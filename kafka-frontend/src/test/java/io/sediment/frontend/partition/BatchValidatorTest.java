package io.sediment.frontend.partition;

import static io.sediment.frontend.partition.Batches.NOW_MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.BatchPreparer.Prepared;
import io.sediment.frontend.partition.BatchVerdict.Accepted;
import io.sediment.frontend.partition.BatchVerdict.NeedsWork;
import io.sediment.frontend.partition.BatchVerdict.Rejected;
import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BatchValidatorTest {
  private static BatchVerdict validate(ByteBuffer batch, TopicSettings settings) {
    return BatchValidator.validate(batch, settings, NOW_MS, true);
  }

  private static BatchVerdict validate(ByteBuffer batch) {
    return validate(batch, TopicSettings.DEFAULTS);
  }

  private static TopicSettings settings(String... pairs) {
    Map<String, String> configs = new HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      configs.put(pairs[i], pairs[i + 1]);
    }
    return TopicSettings.of(configs);
  }

  private static Errors errorOf(BatchVerdict verdict) {
    return verdict instanceof Rejected rejected ? rejected.error() : Errors.NONE;
  }

  private static Arguments spoilt(String how, Errors expected, Consumer<ByteBuffer> spoil) {
    ByteBuffer batch = Batches.idempotent(7, 1, 0, 3);
    spoil.accept(batch);
    return Arguments.of(how, expected, batch);
  }

  private static Arguments spoiltBeforeCrc(
      String how, Errors expected, Consumer<ByteBuffer> spoil) {
    return spoilt(
        how,
        expected,
        batch -> {
          spoil.accept(batch);
          Batches.withCrc(batch);
        });
  }

  static Stream<Arguments> badBatches() {
    return Stream.of(
        spoilt("nothing", Errors.INVALID_RECORD, b -> b.limit(0)),
        spoilt("ten bytes", Errors.CORRUPT_MESSAGE, b -> b.limit(10)),
        spoilt("header cut off", Errors.CORRUPT_MESSAGE, b -> b.limit(60)),
        spoilt("end cut off", Errors.CORRUPT_MESSAGE, b -> b.limit(b.limit() - 1)),
        spoilt("magic 0", Errors.INVALID_RECORD, b -> b.put(RecordBatchLayout.MAGIC, (byte) 0)),
        spoilt("magic 1", Errors.INVALID_RECORD, b -> b.put(RecordBatchLayout.MAGIC, (byte) 1)),
        spoilt("magic 3", Errors.INVALID_RECORD, b -> b.put(RecordBatchLayout.MAGIC, (byte) 3)),
        spoilt("wrong crc", Errors.CORRUPT_MESSAGE, b -> b.putInt(RecordBatchLayout.CRC, 1)),
        spoilt(
            "negative size",
            Errors.CORRUPT_MESSAGE,
            b -> b.putInt(RecordBatchLayout.BATCH_LENGTH, -5)),
        spoilt(
            "size too large",
            Errors.CORRUPT_MESSAGE,
            b -> b.putInt(RecordBatchLayout.BATCH_LENGTH, Integer.MAX_VALUE)),
        spoilt(
            "size too small",
            Errors.INVALID_RECORD,
            b -> b.putInt(RecordBatchLayout.BATCH_LENGTH, 49)),
        spoilt("base offset 5", Errors.INVALID_RECORD, b -> b.putLong(0, 5)),
        spoiltBeforeCrc(
            "unknown codec",
            Errors.INVALID_RECORD,
            b -> b.putShort(RecordBatchLayout.ATTRIBUTES, (short) 6)),
        spoiltBeforeCrc(
            "control batch",
            Errors.INVALID_RECORD,
            b -> b.putShort(RecordBatchLayout.ATTRIBUTES, (short) 0x20)),
        spoiltBeforeCrc(
            "transactional",
            Errors.INVALID_TXN_STATE,
            b -> b.putShort(RecordBatchLayout.ATTRIBUTES, (short) 0x10)),
        spoiltBeforeCrc(
            "log append time by a client",
            Errors.INVALID_TIMESTAMP,
            b -> b.putShort(RecordBatchLayout.ATTRIBUTES, (short) 0x08)),
        spoiltBeforeCrc(
            "more records than offsets",
            Errors.INVALID_RECORD,
            b -> b.putInt(RecordBatchLayout.RECORDS_COUNT, 4)),
        spoiltBeforeCrc(
            "no records",
            Errors.INVALID_RECORD,
            b ->
                b.putInt(RecordBatchLayout.RECORDS_COUNT, 0)
                    .putInt(RecordBatchLayout.LAST_OFFSET_DELTA, -1)),
        spoiltBeforeCrc(
            "counts that agree but lie",
            Errors.INVALID_RECORD,
            b ->
                b.putInt(RecordBatchLayout.RECORDS_COUNT, 2)
                    .putInt(RecordBatchLayout.LAST_OFFSET_DELTA, 1)),
        spoiltBeforeCrc(
            "negative counts",
            Errors.INVALID_RECORD,
            b ->
                b.putInt(RecordBatchLayout.RECORDS_COUNT, -1)
                    .putInt(RecordBatchLayout.LAST_OFFSET_DELTA, -2)),
        spoiltBeforeCrc(
            "no sequence",
            Errors.INVALID_RECORD,
            b -> b.putInt(RecordBatchLayout.BASE_SEQUENCE, -1)),
        spoiltBeforeCrc(
            "negative producer epoch",
            Errors.INVALID_RECORD,
            b -> b.putShort(RecordBatchLayout.PRODUCER_EPOCH, (short) -1)),
        spoiltBeforeCrc(
            "negative producer id",
            Errors.INVALID_RECORD,
            b -> b.putLong(RecordBatchLayout.PRODUCER_ID, -9)),
        spoiltBeforeCrc(
            "negative record size",
            Errors.INVALID_RECORD,
            b -> b.put(RecordBatchLayout.HEADER_SIZE, (byte) 1)),
        spoiltBeforeCrc(
            "record size too large",
            Errors.INVALID_RECORD,
            b -> b.put(RecordBatchLayout.HEADER_SIZE, (byte) 0x7e)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("badBatches")
  void badBatchesGetKafkasErrors(String how, Errors expected, ByteBuffer batch) {
    assertThat(errorOf(validate(batch))).isEqualTo(expected);
  }

  @Test
  void twoBatchesAreOneTooMany() {
    ByteBuffer one = Batches.plain(2);
    ByteBuffer two = ByteBuffer.allocate(one.remaining() * 2).put(one.duplicate()).put(one).flip();
    assertThat(errorOf(validate(two))).isEqualTo(Errors.INVALID_RECORD);
  }

  @Test
  void aBatchMayBeAsLargeAsTheTopicSaysAndNoLarger() {
    ByteBuffer batch = Batches.plain(10);
    int size = batch.remaining();
    assertThat(validate(batch, settings(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "" + size)))
        .isInstanceOf(Accepted.class);
    assertThat(
            errorOf(validate(batch, settings(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "" + --size))))
        .isEqualTo(Errors.MESSAGE_TOO_LARGE);
  }

  @Test
  void timestampsOutsideTheWindowAreNamedByTheirRecords() {
    ByteBuffer batch =
        Batches.of(
            Compression.NONE,
            new SimpleRecord(NOW_MS, "fine".getBytes(StandardCharsets.UTF_8)),
            new SimpleRecord(NOW_MS + 3_600_001, "late".getBytes(StandardCharsets.UTF_8)));
    Rejected rejected = (Rejected) validate(batch);
    assertThat(rejected.error()).isEqualTo(Errors.INVALID_TIMESTAMP);
    assertThat(rejected.records())
        .extracting(BatchVerdict.RecordError::batchIndex)
        .containsExactly(1);
    assertThat(
            errorOf(
                validate(
                    Batches.of(Compression.NONE, Batches.records(2, NOW_MS - 1_000)),
                    settings(TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, "500"))))
        .isEqualTo(Errors.INVALID_TIMESTAMP);
    assertThat(
            errorOf(
                prepare(
                    Batches.of(Compression.lz4().build(), Batches.records(2, NOW_MS + 4_000_000)))))
        .isEqualTo(Errors.INVALID_TIMESTAMP);
  }

  @Test
  void aCompactedTopicNamesTheRecordsWithoutKey() {
    TopicSettings compacted = settings(TopicConfig.CLEANUP_POLICY_CONFIG, "compact,delete");
    SimpleRecord[] records = Batches.records(3, NOW_MS);
    records[2] = new SimpleRecord(NOW_MS, null, new byte[1]);
    Rejected rejected = (Rejected) validate(Batches.of(Compression.NONE, records), compacted);
    assertThat(rejected.error()).isEqualTo(Errors.INVALID_RECORD);
    assertThat(rejected.records())
        .extracting(BatchVerdict.RecordError::batchIndex)
        .containsExactly(2);

    ByteBuffer compressed = Batches.of(Compression.zstd().build(), records);
    assertThat(validate(compressed, compacted)).isInstanceOf(NeedsWork.class);
    Prepared prepared = preparer().prepare(compressed, "t", 0, compacted);
    assertThat(((Prepared.Refused) prepared).rejected().records()).hasSize(1);
  }

  private static ByteBuffer copy(ByteBuffer batch) {
    return ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
  }

  private static Prepared prepare(ByteBuffer batch) {
    assertThat(validate(batch)).isInstanceOf(NeedsWork.class);
    return preparer().prepare(batch, "t", 0, TopicSettings.DEFAULTS);
  }

  /** What both halves of validation say together. */
  private static BatchVerdict judge(ByteBuffer batch) {
    BatchVerdict verdict = validate(batch);
    if (!(verdict instanceof NeedsWork)) {
      return verdict;
    }
    Prepared prepared = preparer().prepare(batch, "t", 0, TopicSettings.DEFAULTS);
    return prepared instanceof Prepared.Refused refused ? refused.rejected() : new Accepted();
  }

  private static Errors errorOf(Prepared prepared) {
    return ((Prepared.Refused) prepared).rejected().error();
  }

  private static BatchPreparer preparer() {
    return new BatchPreparer(InstantSource.fixed(Instant.ofEpochMilli(NOW_MS)));
  }

  private static Compression compression(CompressionType type) {
    return Compression.of(type).build();
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void ordinaryBatchesAreTakenAsTheyAreInAnyCodec(CompressionType codec) {
    ByteBuffer batch = Batches.of(compression(codec), Batches.records(500, NOW_MS - 1000));
    ByteBuffer sent = copy(batch);
    if (codec == CompressionType.NONE) {
      assertThat(validate(batch)).isInstanceOf(Accepted.class);
    } else {
      assertThat(((Prepared.Batch) prepare(batch)).bytes()).isEqualTo(sent);
    }
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void aHeaderThatCountsOtherRecordsThanThereAreIsRefusedInAnyCodec(CompressionType codec) {
    for (int counted : new int[] {1, 499, 501, Integer.MAX_VALUE}) {
      ByteBuffer batch = Batches.of(compression(codec), Batches.records(500, NOW_MS - 1000));
      batch.putInt(RecordBatchLayout.RECORDS_COUNT, counted);
      batch.putInt(RecordBatchLayout.LAST_OFFSET_DELTA, counted - 1);
      Batches.withCrc(batch);
      assertThat(errorOf(judge(batch))).as("counted=%d", counted).isEqualTo(Errors.INVALID_RECORD);
    }
  }

  @ParameterizedTest
  @EnumSource(value = CompressionType.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void whatIsTakenCanBeReadByKafkaWhateverTheNoiseInIt(CompressionType codec) {
    Random random = new Random(codec.id);
    ByteBuffer whole = Batches.of(compression(codec), Batches.records(500, NOW_MS - 1000));
    int refused = 0;
    for (int i = 0; i < 50; i++) {
      ByteBuffer batch = copy(whole);
      int length = batch.remaining() - RecordBatchLayout.HEADER_SIZE;
      int from = RecordBatchLayout.HEADER_SIZE + random.nextInt(length);
      byte[] noise = new byte[batch.remaining() - from];
      random.nextBytes(noise);
      batch.put(from, noise);
      Batches.withCrc(batch);
      if (prepare(batch) instanceof Prepared.Batch taken) {
        assertThat(MemoryRecords.readableRecords(taken.bytes()).records())
            .as("noise from=%d", from)
            .hasSize(500);
      } else {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(25);
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void aLargestTimestampThatTheProducerLeftOutIsSetAsByKafka(CompressionType codec) {
    ByteBuffer batch = Batches.of(compression(codec), Batches.records(500, NOW_MS));
    Batches.withCrc(batch.putLong(RecordBatchLayout.MAX_TIMESTAMP, -1));
    assertThatTheLargestTimestampIsCorrected(batch);
  }

  @Test
  void aLargestTimestampThatIsWrongIsSetRightWhereRecordsLieOpen() {
    for (long wrong : new long[] {0, NOW_MS, NOW_MS + 500, Long.MAX_VALUE, Long.MIN_VALUE}) {
      ByteBuffer batch = Batches.of(Compression.NONE, Batches.records(500, NOW_MS));
      Batches.withCrc(batch.putLong(RecordBatchLayout.MAX_TIMESTAMP, wrong));
      assertThatTheLargestTimestampIsCorrected(batch);
    }
  }

  private static void assertThatTheLargestTimestampIsCorrected(ByteBuffer batch) {
    assertThat(validate(batch)).isInstanceOf(NeedsWork.class);
    Prepared prepared = preparer().prepare(batch, "t", 0, TopicSettings.DEFAULTS);
    ByteBuffer stored = ((Prepared.Batch) prepared).bytes();
    RecordBatch written = MemoryRecords.readableRecords(stored).batches().iterator().next();
    assertThat(written.isValid()).isTrue();
    assertThat(written.maxTimestamp()).isEqualTo(NOW_MS + 499);
  }

  @ParameterizedTest
  @EnumSource(
      value = CompressionType.class,
      names = {"GZIP", "LZ4", "ZSTD"})
  void aDecompressionBombIsRefusedWhenItReachesTheLimit(CompressionType codec) {
    ByteBuffer bomb =
        Batches.of(compression(codec), new SimpleRecord(NOW_MS, null, new byte[80 << 20]));
    assertThat(bomb.remaining()).isLessThan(1 << 20);
    assertThat(errorOf(prepare(bomb))).isEqualTo(Errors.INVALID_RECORD);
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void aTopicsOwnCodecIsWhatIsStored(CompressionType target) {
    TopicSettings settings =
        settings(
            TopicConfig.COMPRESSION_TYPE_CONFIG,
            target == CompressionType.NONE ? "uncompressed" : target.name);
    SimpleRecord[] records = Batches.records(50, NOW_MS);
    for (CompressionType sent : CompressionType.values()) {
      ByteBuffer batch = Batches.of(compression(sent), records);
      BatchVerdict verdict = validate(batch, settings);
      if (sent == target && target == CompressionType.NONE) {
        assertThat(verdict).isInstanceOf(Accepted.class);
        continue;
      }
      assertThat(verdict).isInstanceOf(NeedsWork.class);
      Prepared prepared = preparer().prepare(batch, "t", 0, settings);
      ByteBuffer stored = ((Prepared.Batch) prepared).bytes();
      assertThat(BatchValidator.codecOf(stored)).isEqualTo(target);
      assertThat(MemoryRecords.readableRecords(stored).records()).hasSize(50);
    }
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void logAppendTimeIsStampedOverTheProducersTimestamps(CompressionType codec) {
    TopicSettings settings = settings(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
    ByteBuffer batch = Batches.of(compression(codec), Batches.records(5, 1));
    assertThat(validate(batch, settings)).isInstanceOf(NeedsWork.class);
    ByteBuffer stored = ((Prepared.Batch) preparer().prepare(batch, "t", 0, settings)).bytes();
    RecordBatch written = MemoryRecords.readableRecords(stored).batches().iterator().next();
    assertThat(written.isValid()).isTrue();
    assertThat(written.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
    assertThat(written.maxTimestamp()).isEqualTo(NOW_MS);
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void whateverRecordsKafkaWritesAreTakenAndNoFlippedBitIs(long seed) {
    Random random = new Random(seed);
    SimpleRecord[] records = new SimpleRecord[1 + random.nextInt(40)];
    for (int i = 0; i < records.length; i++) {
      Header[] headers = new Header[random.nextInt(3)];
      for (int h = 0; h < headers.length; h++) {
        headers[h] = new RecordHeader("h" + h, bytesOrNull(random));
      }
      records[i] =
          new SimpleRecord(
              NOW_MS + random.nextInt(2_000_000) - 1_000_000,
              bytesOrNull(random),
              bytesOrNull(random),
              headers);
    }
    CompressionType codec = CompressionType.values()[random.nextInt(5)];
    ByteBuffer batch = Batches.of(compression(codec), records);
    assertThat(errorOf(judge(batch))).isEqualTo(Errors.NONE);
    for (int i = 0; i < 2_000; i++) {
      int at = random.nextInt(batch.limit());
      if (at >= RecordBatchLayout.LEADER_EPOCH && at < RecordBatchLayout.MAGIC) {
        continue; // overwritten by the leader
      }
      byte before = batch.get(at);
      batch.put(at, (byte) (before ^ (1 << random.nextInt(8))));
      assertThat(validate(batch)).as("bit flipped in byte " + at).isInstanceOf(Rejected.class);
      batch.put(at, before);
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void damageUnderAGoodChecksumNeverThrows(long seed) {
    Random random = new Random(seed);
    for (CompressionType codec : CompressionType.values()) {
      ByteBuffer batch = Batches.of(compression(codec), Batches.records(20, NOW_MS));
      for (int i = 0; i < 300; i++) {
        ByteBuffer damaged = ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
          int at =
              RecordBatchLayout.ATTRIBUTES
                  + random.nextInt(damaged.limit() - RecordBatchLayout.ATTRIBUTES);
          damaged.put(at, (byte) random.nextInt());
        }
        Batches.withCrc(damaged);
        if (validate(damaged) instanceof Rejected) {
          continue;
        }
        preparer()
            .prepare(
                damaged,
                "t",
                0,
                settings(
                    TopicConfig.COMPRESSION_TYPE_CONFIG, random.nextBoolean() ? "zstd" : "gzip"));
      }
    }
  }

  private static byte[] bytesOrNull(Random random) {
    if (random.nextInt(5) == 0) {
      return null;
    }
    byte[] bytes = new byte[random.nextInt(300)];
    random.nextBytes(bytes);
    return bytes;
  }
}
