package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.objectstore.ObjectKey;
import io.sediment.simulation.FaultPlan;
import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Footers and directories are damaged while a lane is flushed and compacted on: whoever asks for
 * something that lies there is told, nobody's answer leaps over it, and all else is read.
 */
class DamagedIndexModelTest {
  private static final int PARTITIONS = 4;
  private static final int ROUNDS = 24;
  private static final int BATCH_BYTES = 200;

  /** Of each partition, by first offset: the offset behind what lies in a damaged object. */
  private final NavigableMap<PartitionId, NavigableMap<Long, Long>> lost = new TreeMap<>();

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void noAnswerLeapsOverIt(int seed) {
    Random random = new Random(seed);
    CompactingWorld compacting = new CompactingWorld(seed, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    LaneCompactor compactor = compacting.outside(world.simulation.process("compactor"), false);
    for (int round = 0; round < ROUNDS; round++) {
      flush(world, broker, random);
      for (int turn = random.nextInt(4); turn > 0; turn--) {
        world.await(compactor.turn().handle((result, damage) -> true), "turn");
      }
      if (random.nextInt(5) == 0) {
        damageOne(world, random);
      }
      if (random.nextInt(8) == 0) {
        world.simulation.runFor(Duration.ofMinutes(11)); // until it is tried again
      }
    }
    world.simulation.runFor(Duration.ofHours(1)); // garbage goes
    broker.crash(); // the next one reads what is stored
    assertThat(lost).isNotEmpty();
    Broker reader = world.broker("reader");
    for (int number = 0; number < PARTITIONS; number++) {
      check(world, reader, number);
    }
  }

  private static void flush(LaneWorld world, Broker broker, Random random) {
    broker.append(0, BATCH_BYTES, 1, broker.partition(0).endOffset(), false);
    for (int number = 1; number < PARTITIONS; number++) {
      for (int batches = Math.max(0, random.nextInt(6) - 2); batches > 0; batches--) {
        broker.append(number, BATCH_BYTES, 1, broker.partition(number).endOffset(), false);
      }
    }
    world.await(broker.lane().flush(), "flushed");
  }

  private void damageOne(LaneWorld world, Random random) {
    Manifest manifest = StoredManifests.newest(world.bucket, LaneWorld.LANE);
    List<L0Ref> l0 = manifest.l0();
    List<RunRef> runs = manifest.level1().runs();
    int chosen = random.nextInt(runs.size() + l0.size());
    RunRef run = chosen < runs.size() ? runs.get(chosen) : null;
    L0Ref flushed = run == null ? l0.get(chosen - runs.size()) : null;
    ObjectKey key = run == null ? flushed.key(LaneWorld.LANE) : run.key(LaneWorld.LANE);
    SourceReader sources =
        new SourceReader(
            LaneWorld.LANE,
            world.bucket.forProcess(world.simulation.process("before")),
            new DamagedSources(LaneWorld.LANE, world.simulation.process("before")));
    List<SourceSection> sections;
    try {
      sections =
          world.await(
              run == null ? sources.read(DataRef.of(flushed)) : sources.read(run), "sections");
    } catch (RuntimeException damagedBefore) {
      return;
    }
    for (SourceSection section : sections) {
      lost.computeIfAbsent(section.partition(), none -> new TreeMap<>())
          .put(section.fromOffset(), section.toOffset());
    }
    byte[] bytes = world.bucket.peek(key).orElseThrow().clone();
    bytes[run == null ? bytes.length - 40 : bytes.length / 2] ^= 1;
    world.replace(key, bytes);
  }

  private void check(LaneWorld world, Broker reader, int number) {
    LanePartition partition = reader.partition(number);
    NavigableMap<Long, Long> gone = lost.getOrDefault(LaneWorld.partition(number), new TreeMap<>());
    long end = partition.endOffset();
    for (long offset = 0; offset < end; offset++) {
      long at = offset;
      Long below = gone.floorKey(offset);
      if (below != null && gone.get(below) > offset) {
        assertThatThrownBy(() -> world.await(partition.read(at, 1_000, true, end), "read"))
            .as("offset=%s lost=%s", offset, gone)
            .hasCauseInstanceOf(CorruptObjectException.class);
        assertThatThrownBy(() -> world.await(partition.batchForTimestamp(at, 0), "by time"))
            .as("offset=%s lost=%s", offset, gone)
            .hasCauseInstanceOf(CorruptObjectException.class);
        continue;
      }
      Long next = gone.ceilingKey(offset);
      try (BatchSlices slices = world.await(partition.read(at, 1_000, true, end), "read")) {
        assertThat(slices.nextOffset())
            .as("offset=%s lost=%s", offset, gone)
            .isBetween(offset + 1, next == null ? end : next);
      }
      assertThat(world.await(partition.batchForTimestamp(at, at), "by time"))
          .isEqualTo(OptionalLong.of(at));
    }
    if (gone.isEmpty()) {
      assertThat(world.await(partition.bytesFrom(0), "bytes")).isEqualTo(end * BATCH_BYTES);
    }
    for (long offset = 0; offset <= end; offset++) { // which is its timestamp, too
      assertThat(world.await(partition.olderThan(0, offset), "older").nextOffset())
          .as("older than %s lost=%s", offset, gone)
          .isLessThanOrEqualTo(offset);
    }
    assertThat(world.await(partition.olderThan(0, Long.MAX_VALUE), "older").nextOffset())
        .as("lost=%s", gone)
        .isEqualTo(end);
  }
}
