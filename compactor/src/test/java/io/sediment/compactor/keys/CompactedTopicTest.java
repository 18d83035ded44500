package io.sediment.compactor.keys;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.compactor.CompactingWorld;
import io.sediment.compactor.LaneCompactor;
import io.sediment.compactor.keys.CompactedTopics.LogHead;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.LaneBusyException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimScheduler;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compacted partitions of a lane in a simulated bucket: flushed, clustered and cleaned at random,
 * with crashes and a store that fails, read back and compared with the last record of each key.
 */
class CompactedTopicTest {
  private static final int PARTITIONS = 3;
  private static final long DELETE_RETENTION_MS = Duration.ofMinutes(10).toMillis();
  private static final CleaningSettings SETTINGS =
      CleaningSettings.of(
          Map.of(
              CleaningSettings.POLICY,
              "compact",
              CleaningSettings.DELETE_RETENTION_MS,
              Long.toString(DELETE_RETENTION_MS)));

  /** A log that never moved. */
  private static final LogHead ONE_LANE = new LogHead(0, Long.MAX_VALUE, Integer.MAX_VALUE);

  @TempDir Path scratch;

  /** What was written to one partition. */
  private final class Written {
    final History history;
    final List<Record> records = new ArrayList<>();
    long bytes;

    Written(long seed, int keys) {
      history = new History(new Random(seed), keys, false);
    }
  }

  private static final class AllCompacted implements CompactedTopics {
    private final LogHead head;

    AllCompacted(LogHead head) {
      this.head = head;
    }

    @Override
    public Set<UUID> ids() {
      return Set.of(LaneWorld.partition(0).topicId());
    }

    @Override
    public CleaningSettings settings(UUID topicId) {
      return SETTINGS;
    }

    @Override
    public LogHead head(PartitionId partition) {
      return head;
    }
  }

  static LongStream seeds() {
    return Seeds.upTo(15);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void theLastRecordOfEachKeyIsAlwaysRead(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    FaultPlan faults = seed % 3 == 0 ? FaultPlan.none() : FaultPlan.random(random.split());
    CompactingWorld compacting = compacting(seed, faults, 2 + (int) (seed % 6));
    LaneWorld world = compacting.world;
    Map<Integer, Written> written = new TreeMap<>();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      written.put(partition, new Written(seed * 10 + partition, 1 + random.nextInt(60)));
    }
    Broker broker = world.openBroker("broker-0");
    LaneCompactor compactor = compacting.inside(broker);
    for (int round = 1; round < 12; round++) {
      append(world, broker, written, random.nextInt(60), random);
      broker.untilAllDurable();
      if (random.nextInt(4) > 0) {
        world.await(broker.lane().flush(), "flushed");
      }
      if (random.nextInt(3) > 0) {
        turn(world, compactor, 1 + random.nextInt(4));
      }
      if (random.nextInt(5) == 0) {
        broker.crash();
        broker = world.openBroker("broker-" + round);
        compactor = compacting.inside(broker);
      }
      world.simulation.runFor(Duration.ofMinutes(random.nextInt(8)));
      for (Map.Entry<Integer, Written> each : written.entrySet()) {
        check(world, broker.partition(each.getKey()), each.getValue());
      }
    }
  }

  @Test
  void aSmallHotTopicStaysSmall() {
    CompactingWorld compacting = compacting(1, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.openBroker("broker");
    LaneCompactor compactor = compacting.inside(broker);
    Map<Integer, Written> written = Map.of(0, new Written(1, 20));
    long storedMost = 0;
    for (int round = 0; round < 30; round++) {
      append(world, broker, written, 100, new SplittableRandom(round));
      broker.untilAllDurable();
      world.await(broker.lane().flush(), "flushed");
      compacting.compactFully(compactor);
      Manifest manifest = world.await(broker.lane().compactable().newest(), "manifest");
      storedMost = Math.max(storedMost, manifest.level1().dataBytes() + manifest.l0DataBytes());
    }
    check(world, broker.partition(0), written.get(0));
    assertThat(written.get(0).bytes).isGreaterThan(400_000);
    assertThat(storedMost).as("bytes stored at any time").isLessThan(40_000);
  }

  @Test
  void aPartitionWithMoreKeysThanMemoryWillDoForTakesSeveralPasses() {
    CompactingWorld compacting = compacting(1, FaultPlan.none(), 2);
    LaneWorld world = compacting.world;
    Broker broker = world.openBroker("broker");
    LaneCompactor compactor = compacting.inside(broker);
    Written many = new Written(1, 150);
    Written few = new Written(2, 10);
    for (int round = 0; round < 4; round++) {
      append(world, broker, Map.of(0, many, 1, few), 100, new SplittableRandom(round));
      broker.untilAllDurable();
      world.await(broker.lane().flush(), "flushed");
      compacting.compactFully(compactor);
    }
    broker.crash(); // the next one reads what is stored
    Broker next = world.openBroker("next");
    check(world, next.partition(0), many);
    check(world, next.partition(1), few);
    assertThat(records(world, next.partition(0))).isLessThan(many.records.size() / 2);
    assertThat(records(world, next.partition(1))).isLessThan(few.records.size() / 2);
  }

  @Test
  void aPartitionWithUnreadableRecordsIsCompactedAgainOnceTheyAreGone() {
    CompactingWorld compacting = compacting(1, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.openBroker("broker");
    LaneCompactor compactor = compacting.inside(broker);
    LanePartition partition = broker.partition(0);
    appendKeys(world, broker, compacting, compactor);
    partition.append(unreadable());
    appendKeys(world, broker, compacting, compactor);
    long bytes = bytesStored(world, broker);
    assertThat(bytes).as("kept as it is").isGreaterThan(20 * 70);

    world.logStarts.put(partition.id(), 21L); // within its block
    appendKeys(world, broker, compacting, compactor);
    assertThat(bytesStored(world, broker)).as("still").isGreaterThan(bytes);
    world.logStarts.put(partition.id(), partition.endOffset());
    appendKeys(world, broker, compacting, compactor);
    assertThat(bytesStored(world, broker)).as("the rest is compacted").isLessThan(bytes / 4);
  }

  @Test
  void unreadableRecordsAreTriedAgainEachDay() {
    CompactingWorld compacting = compacting(1, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.openBroker("broker");
    LaneCompactor compactor = compacting.inside(broker);
    broker.partition(0).append(unreadable());
    appendKeys(world, broker, compacting, compactor);
    world.simulation.runFor(Duration.ofHours(23));
    assertThat(compacting.compactFully(compactor)).isZero();
    world.simulation.runFor(Duration.ofHours(2));
    assertThat(compacting.compactFully(compactor)).isEqualTo(1);
    assertThat(compacting.compactFully(compactor)).isZero();
  }

  /** The same key twenty times, flushed and compacted. */
  private static void appendKeys(
      LaneWorld world, Broker broker, CompactingWorld compacting, LaneCompactor compactor) {
    for (int i = 1; i <= 20; i++) {
      broker.partition(0).append(record("k", "v" + i));
      if (i % 10 == 0) {
        broker.untilAllDurable();
        world.await(broker.lane().flush(), "flushed");
      }
    }
    compacting.compactFully(compactor);
  }

  private static long bytesStored(LaneWorld world, Broker broker) {
    Manifest manifest = world.await(broker.lane().compactable().newest(), "manifest");
    return manifest.level1().dataBytes() + manifest.l0DataBytes();
  }

  /** A batch whose checksum is right, of which the first record says that it is longer than all. */
  private static ByteBuffer unreadable() {
    ByteBuffer batch = record("k", "v");
    batch.put(61, (byte) 0x7e);
    CRC32C crc = new CRC32C();
    crc.update(batch.slice(21, batch.limit() - 21));
    return batch.putInt(17, (int) crc.getValue());
  }

  private static long records(LaneWorld world, LanePartition partition) {
    long count = 0;
    for (RecordBatch batch : read(world, partition)) {
      count += batch.countOrNull();
    }
    return count;
  }

  private CompactingWorld compacting(long seed, FaultPlan faults) {
    return compacting(seed, faults, Integer.MAX_VALUE);
  }

  private CompactingWorld compacting(long seed, FaultPlan faults, int rangesMax) {
    CleaningMemory memory = new CleaningMemory(16, rangesMax, 128, 8 << 10, 1 << 10);
    return new CompactingWorld(seed, faults, process -> cleaner(process, ONE_LANE, memory));
  }

  private KeyCleaner cleaner(SimScheduler process, LogHead head, CleaningMemory memory) {
    return new KeyCleaner(new AllCompacted(head), process, process, scratch, 20 << 10, memory);
  }

  /**
   * Whether a tombstone is there long after its retention. What it deletes may be a record that was
   * written elsewhere, between two leaderships here.
   */
  private boolean tombstoneStays(LogHead head) {
    CompactingWorld compacting =
        new CompactingWorld(
            1,
            FaultPlan.none(),
            process -> cleaner(process, head, new CleaningMemory(16, 100, 128, 8 << 10, 1 << 10)));
    LaneWorld world = compacting.world;
    Broker broker = world.openBroker("broker");
    LaneCompactor compactor = compacting.inside(broker);
    LanePartition first = broker.partition(0);
    first.append(record("k", "v"));
    broker.untilAllDurable();
    world.await(broker.lane().closePartition(first.id()), "closed");
    world.await(broker.lane().flush(), "flushed");
    LanePartition back = broker.comeBack(0, 7, 10);
    back.append(record("k", null));
    for (int round = 0; round < 10; round++) {
      for (int i = 0; i < 20; i++) {
        back.append(record("other", "v" + i));
      }
      broker.untilAllDurable();
      world.await(broker.lane().flush(), "flushed");
      compacting.compactFully(compactor);
      world.simulation.runFor(Duration.ofMillis(DELETE_RETENTION_MS * 2));
    }
    broker.crash(); // the next one reads what is stored
    for (RecordBatch batch : read(world, world.openBroker("next").partition(0), 10)) {
      for (Record record : batch) {
        if (!record.hasValue()) {
          return true;
        }
      }
    }
    return false;
  }

  @Test
  void aTombstoneStaysWhereRecordsOfAnotherLaneMayLieBeforeIt() {
    assertThat(tombstoneStays(ONE_LANE)).as("this test sees tombstones go").isFalse();
    assertThat(tombstoneStays(new LogHead(0, 1, 7))).as("led elsewhere from 1 on").isTrue();
    assertThat(tombstoneStays(new LogHead(0, Long.MAX_VALUE, 1)))
        .as("led under an epoch that is not known yet")
        .isTrue();
    assertThat(tombstoneStays(new LogHead(0, Long.MAX_VALUE, 7))).isFalse();
  }

  private static ByteBuffer record(String key, @Nullable String value) {
    return MemoryRecords.withRecords(
            Compression.NONE,
            new SimpleRecord(0, key.getBytes(UTF_8), value == null ? null : value.getBytes(UTF_8)))
        .buffer();
  }

  private static void append(
      LaneWorld world,
      Broker broker,
      Map<Integer, Written> written,
      int batches,
      SplittableRandom random) {
    for (int i = 0; i < batches; i++) {
      int number = random.nextInt(written.size());
      Written to = written.get(number);
      ByteBuffer batch = to.history.next();
      while (true) {
        try {
          broker.partition(number).append(batch.duplicate());
          break;
        } catch (LaneBusyException full) {
          world.simulation.runFor(Duration.ofSeconds(1));
        }
      }
      to.bytes += batch.remaining();
      parsed(batch).forEach(each -> each.forEach(to.records::add));
    }
  }

  /** Some turns; one that fails is made up for by the next. */
  private static void turn(LaneWorld world, LaneCompactor compactor, int turns) {
    for (int i = 0; i < turns; i++) {
      try {
        world.await(compactor.turn(), "turn");
      } catch (CompletionException storeFailed) {
        assertThat(storeFailed.getCause())
            .isNotInstanceOf(IllegalStateException.class)
            .isNotInstanceOf(NullPointerException.class);
      }
    }
  }

  private static void check(LaneWorld world, LanePartition partition, Written written) {
    Map<Long, Record> all = new HashMap<>();
    Map<ByteBuffer, Record> last = new HashMap<>();
    for (Record record : written.records) {
      all.put(record.offset(), record);
      if (record.hasKey()) {
        last.put(record.key(), record);
      }
    }
    Map<Long, Record> expected = new TreeMap<>();
    last.values().forEach(record -> expected.put(record.offset(), record));
    long previous = -1;
    for (RecordBatch batch : read(world, partition)) {
      batch.ensureValid();
      assertThat(batch.baseOffset()).isGreaterThan(previous);
      previous = batch.lastOffset();
      for (Record record : batch) {
        Record model = all.get(record.offset());
        assertThat(record.key()).isEqualTo(model.key());
        assertThat(record.value()).isEqualTo(model.value());
        expected.remove(record.offset());
      }
    }
    expected.forEach(
        (offset, record) ->
            assertThat(record.hasValue())
                .as("last value of a key: partition=%s offset=%s", partition.id(), offset)
                .isFalse());
  }

  /** In the order of the log, as a consumer goes through it. */
  private static List<RecordBatch> read(LaneWorld world, LanePartition partition) {
    return read(world, partition, 0);
  }

  private static List<RecordBatch> read(LaneWorld world, LanePartition partition, long offset) {
    List<RecordBatch> batches = new ArrayList<>();
    long next = offset;
    long end = partition.durableOffset();
    while (next < end) {
      long from = next;
      try (BatchSlices slices =
          world.awaitRead(() -> partition.read(from, 3_000, true, end), "read of " + from)) {
        assertThat(slices.isEmpty()).as("read of %s up to %s", from, end).isFalse();
        for (ByteBuffer buffer : slices.buffers()) {
          ByteBuffer copy = ByteBuffer.allocate(buffer.remaining()).put(buffer.duplicate()).flip();
          batches.addAll(parsed(copy));
        }
        assertThat(slices.nextOffset()).isGreaterThan(from);
        next = slices.nextOffset();
      }
    }
    return batches;
  }

  private static List<RecordBatch> parsed(ByteBuffer buffer) {
    List<RecordBatch> batches = new ArrayList<>();
    MemoryRecords.readableRecords(buffer.duplicate()).batches().forEach(batches::add);
    return batches;
  }
}
