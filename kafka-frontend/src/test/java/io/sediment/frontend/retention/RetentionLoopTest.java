package io.sediment.frontend.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.Lane.SealedEnd;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.TopicConfig;
import org.junit.jupiter.api.Test;

/**
 * A broker that is killed and comes back with another lane, again and again. Each batch is a block
 * of its own, and all have the same size.
 */
class RetentionLoopTest {
  private static final int BROKER = 0;
  private static final long INCARNATION = 1;
  private static final UUID TOPIC = new UUID(7, 7);
  private static final long BATCH_BYTES = batch(0).remaining();

  /** Ten batches; of two partitions, ten percent are half a batch each. */
  private static final long BUDGET_BYTES = 10 * BATCH_BYTES;

  private final Simulation simulation = new Simulation(3);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private final InMemoryClusterMetadata metadata =
      new InMemoryClusterMetadata("test-cluster-000000000");
  private final Map<String, String> configs = new HashMap<>();
  private long nowMs;
  private Map<io.sediment.lsm.PartitionId, Long> reclaimedTo = Map.of();
  private Life broker;

  /** One life of the broker: a process, its lane, its logs. */
  private final class Life {
    final SimScheduler process = simulation.process("broker");
    final LaneEnvironment environment;
    final long brokerEpoch;
    final Lane lane;
    final PartitionLogs logs;
    final RetentionLoop loop;

    Life(int number) {
      environment =
          LaneWorld.environment(bucket, process, INCARNATION, LaneWorld.budget(1 << 20, 1 << 20));
      brokerEpoch =
          metadata.accept(new RegisterBroker(BROKER, new UUID(1, number), "localhost", 9092, null));
      LaneId id = new LaneId(number);
      metadata.accept(new RegisterLane(id, BROKER));
      long epoch = metadata.accept(new OpenLane(id, BROKER, brokerEpoch));
      lane =
          await(
              Lane.open(
                  environment,
                  LaneWorld.smallConfig(),
                  new io.sediment.lsm.LaneId(number),
                  INCARNATION,
                  epoch,
                  FlushListener.NONE));
      metadata.accept(new LaneOpened(id, epoch, Map.of()));
      logs =
          new PartitionLogs(
              BROKER,
              metadata,
              new PlacedPartitionLane(new EnginePartitionLane(lane), metadata, lane::storedLane),
              (image, topic) -> configs,
              process);
      loop =
          RetentionLoop.start(
              id,
              metadata,
              logs,
              (image, topic) -> configs,
              this::reclaim,
              process,
              () -> Instant.ofEpochMilli(nowMs),
              Duration.ofDays(1000),
              BUDGET_BYTES);
    }

    private CompletableFuture<Set<UUID>> reclaim(
        Map<io.sediment.lsm.PartitionId, Long> logStarts, Set<UUID> deleted) {
      reclaimedTo = logStarts;
      return lane.reclaim(logStarts, deleted);
    }

    PartitionLog log(int partition) {
      LookUp found = logs.find(TOPIC, partition, -1);
      assertThat(found).isInstanceOf(LookUp.Found.class);
      return ((LookUp.Found) found).log();
    }
  }

  RetentionLoopTest() {
    broker = new Life(0);
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(TOPIC, "topic", 2, 1, List.of(), Map.of()))));
  }

  private <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, Duration.ofHours(1), "done");
  }

  private static ByteBuffer batch(long timestampMs) {
    return Batches.of(Compression.NONE, Batches.records(1, timestampMs));
  }

  private void append(int partition, long... timestampsMs) {
    for (long timestampMs : timestampsMs) {
      PartitionLog log = broker.log(partition);
      long end = log.endOffset();
      log.append(batch(timestampMs));
      simulation.runUntil(() -> log.highWatermark() == end + 1, Duration.ofHours(1), "durable");
      await(broker.lane.flush());
    }
  }

  /** Kills the broker; its next life seals the lane and goes on in another one. */
  private void killAndReplace() {
    Life dead = broker;
    dead.loop.close();
    dead.process.crash();
    LaneId lane = new LaneId(dead.lane.id().value());
    broker = new Life((int) lane.value() + 1);
    long epoch = metadata.accept(new SealLane(lane, dead.lane.epoch(), BROKER, broker.brokerEpoch));
    Map<io.sediment.lsm.PartitionId, SealedEnd> sealed =
        await(
            Lane.seal(
                broker.environment, LaneWorld.smallConfig(), dead.lane.id(), INCARNATION, epoch));
    Map<PartitionId, Long> ends = new TreeMap<>();
    sealed.forEach(
        (id, end) -> ends.put(new PartitionId(id.topicId(), id.partition()), end.endOffset()));
    metadata.accept(new LaneSealed(lane, epoch, ends));
  }

  private void keepMs(long retentionMs) {
    configs.put(TopicConfig.RETENTION_MS_CONFIG, Long.toString(retentionMs));
  }

  private void keepBytes(long bytes) {
    keepMs(-1);
    configs.put(TopicConfig.RETENTION_BYTES_CONFIG, Long.toString(bytes));
  }

  private void passAt(long now) {
    nowMs = now;
    await(broker.loop.pass());
  }

  private long logStart(int partition) {
    return metadata.image().partition(TOPIC, partition).logStartOffset();
  }

  @Test
  void aWallClockThatJumpsBackKeepsMoreAndBringsNothingBack() {
    long hourMs = Duration.ofHours(1).toMillis();
    append(0, hourMs, 2 * hourMs, 3 * hourMs);
    keepMs(2 * hourMs);
    passAt(4 * hourMs); // 1 h is 3 h ago, 2 h is just not too old
    assertThat(logStart(0)).isEqualTo(1);
    passAt(0);
    passAt(-5 * hourMs);
    assertThat(logStart(0)).isEqualTo(1);
    assertThat(reclaimedTo).containsValue(1L);
    passAt(4 * hourMs);
    assertThat(logStart(0)).as("nothing was due meanwhile").isEqualTo(1);
    passAt(24 * hourMs);
    assertThat(logStart(0)).as("as far ahead as the clock is, all is due").isEqualTo(3);
  }

  @Test
  void aLogBeginsAtItsFirstUnexpiredBlock() {
    append(0, 10, 20, 30);
    append(1, 30);
    keepMs(100);
    passAt(110);
    assertThat(logStart(0)).as("10 is as old as it may be").isZero();
    passAt(125);
    assertThat(logStart(0)).isEqualTo(2);
    assertThat(broker.log(0).logStartOffset()).isEqualTo(2);
    assertThat(logStart(1)).isZero();
    assertThat(reclaimedTo)
        .as("bytes go behind log starts that are committed")
        .isEqualTo(Map.of(new io.sediment.lsm.PartitionId(TOPIC, 0), 2L));
  }

  @Test
  void whatASealedLaneHoldsExpires() {
    append(0, 10, 20);
    killAndReplace();
    append(0, 30, 40);
    keepMs(100);
    passAt(115);
    assertThat(logStart(0)).isEqualTo(1);
    passAt(125);
    assertThat(logStart(0)).as("where the next lane begins").isEqualTo(2);
    passAt(135);
    assertThat(logStart(0)).isEqualTo(3);
    passAt(1000);
    assertThat(logStart(0)).isEqualTo(4);
  }

  @Test
  void anUnexpiredRecordInASealedLaneKeepsAllAboveIt() {
    append(0, 10, 500);
    killAndReplace();
    append(0, 10, 20);
    killAndReplace();
    append(0, 10, 1000);
    keepMs(100);
    passAt(400);
    assertThat(logStart(0)).isEqualTo(1);
    passAt(601);
    assertThat(logStart(0)).as("through three lanes at once").isEqualTo(5);
  }

  @Test
  void theSizeIsThatOfTheWholeLog() {
    append(0, 10, 20, 30);
    killAndReplace();
    append(0, 40);
    killAndReplace();
    append(0, 50);
    keepBytes(5 * BATCH_BYTES);
    passAt(1000);
    assertThat(logStart(0)).isZero();
    keepBytes(4 * BATCH_BYTES - 1);
    untilSealedLanesAreKnown();
    passAt(1000);
    assertThat(logStart(0)).as("as much as was asked for stays").isEqualTo(1);
    keepBytes(BATCH_BYTES);
    passAt(1000);
    assertThat(logStart(0)).isEqualTo(4);
    keepBytes(0);
    passAt(1000);
    assertThat(logStart(0)).isEqualTo(5);
  }

  @Test
  void aShareOfTheBudgetIsSpreadOverThePartitions() {
    append(0, 10, 20, 30, 40);
    append(1, 10, 20);
    keepMs(-1);
    configs.put(TopicConfigDefinitions.RETENTION_BUDGET_PERCENT, "60");
    passAt(1000);
    assertThat(logStart(0)).as("30 percent of ten batches stay").isEqualTo(1);
    assertThat(logStart(1)).isZero();
    configs.put(TopicConfigDefinitions.RETENTION_BUDGET_PERCENT, "39.9");
    passAt(1000);
    assertThat(logStart(0)).as("as much as was asked for stays").isEqualTo(2);
    assertThat(logStart(1)).isZero();
    keepBytes(BATCH_BYTES);
    passAt(1000);
    assertThat(logStart(0)).as("the smaller limit counts").isEqualTo(3);
    assertThat(logStart(1)).isEqualTo(1);
    keepBytes(BATCH_BYTES * 1000);
    configs.put(TopicConfigDefinitions.RETENTION_BUDGET_PERCENT, "0");
    passAt(1000);
    assertThat(logStart(0)).isEqualTo(4);
    assertThat(logStart(1)).isEqualTo(2);
  }

  @Test
  void aShareOfTheBudgetDoesNotShortenWhatIsCompacted() {
    append(0, 10, 20);
    configs.put(TopicConfigDefinitions.RETENTION_BUDGET_PERCENT, "0");
    configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    passAt(1000);
    assertThat(logStart(0)).isZero();
  }

  /** The size is only known of lanes that are open for reading, which the first question does. */
  private void untilSealedLanesAreKnown() {
    simulation.runUntil(
        () -> broker.log(0).sizeBytes() == 5 * BATCH_BYTES, Duration.ofHours(1), "known");
  }

  @Test
  void aLogOfManyLanesIsReadFromWhereItBegins() {
    append(0, 10);
    killAndReplace();
    append(0, 20, 30);
    keepMs(100);
    passAt(125);
    assertThat(logStart(0)).isEqualTo(2);
    killAndReplace();
    append(0, 40);
    passAt(125);
    assertThat(logStart(0)).as("nothing that is younger").isEqualTo(2);
    passAt(1000);
    assertThat(logStart(0)).isEqualTo(4);
  }

  @Test
  void aLaneThatCannotBeReadHoldsUpOnlyItsOwnLogs() {
    append(0, 10);
    killAndReplace();
    append(0, 20);
    append(1, 20);
    bucket.script(it -> it.folder().startsWith("lanes/0/"), 1000, Fault.FAIL_BEFORE);
    killAndReplace(); // whoever has read that lane before knows enough of it
    keepMs(100);
    passAt(1000);
    assertThat(logStart(0)).isZero();
    assertThat(logStart(1)).isEqualTo(1);
  }

  @Test
  void withoutLimitsNothingGoes() {
    append(0, 10);
    keepMs(-1);
    passAt(Long.MAX_VALUE);
    assertThat(logStart(0)).isZero();
    configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    keepMs(1);
    passAt(1000);
    assertThat(logStart(0)).isZero();
  }
}
