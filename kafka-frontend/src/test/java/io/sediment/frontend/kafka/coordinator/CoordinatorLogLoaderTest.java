package io.sediment.frontend.kafka.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.HeldCommands;
import io.sediment.frontend.partition.AppendResult;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.FakeLane;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader.LoadSummary;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CoordinatorLogLoaderTest {
  private static final CoordinatorPlayback<String> PLAYBACK =
      new CoordinatorPlayback<>() {
        @Override
        public void replay(
            long offset, long producerId, short producerEpoch, String coordinatorRecord) {}

        @Override
        public void replayEndTransactionMarker(
            long producerId, short producerEpoch, TransactionResult result) {}

        @Override
        public void updateLastWrittenOffset(long offset) {}

        @Override
        public void updateLastCommittedOffset(long offset) {}
      };

  private static final byte[] KEY_OF_THE_FIRST = "key0".getBytes(StandardCharsets.UTF_8);
  private static final TopicPartition PARTITION = new TopicPartition("internal", 0);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final ExecutorService ackThread = NamedThreads.pool("test-ack", 1);
  private final FakeLane lane = new FakeLane(0, 1, ackThread);
  private final PartitionLogs registry =
      new PartitionLogs(0, metadata, lane, (image, topic) -> Map.of(), SystemPorts.wallClock());
  private final CoordinatorLogs logs = new CoordinatorLogs();
  private final Queue<Runnable> reads = new ArrayDeque<>();
  private final AtomicInteger loaded = new AtomicInteger();
  private final AtomicReference<Throwable> alarm = new AtomicReference<>();
  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-scheduler", 1);

  @AfterEach
  void stop() {
    scheduler.close();
    ackThread.shutdownNow();
    assertThat(lane.slicesOut()).as("slices that were read and not closed").isZero();
  }

  private PartitionLog createLog() {
    metadata.accept(
        new CreateTopics(
            List.of(new NewTopic(new UUID(0, 1), "internal", 1, 1, List.of(), Map.of()))));
    return onlyLog();
  }

  private static void append(PartitionLog log, ByteBuffer batch) {
    assertThat(log.append(batch)).isInstanceOf(AppendResult.Appended.class);
    Await.until("it is durable", () -> log.highWatermark() == log.endOffset());
  }

  private PartitionLog onlyLog() {
    return registry.all().iterator().next();
  }

  /** Another lane takes over. */
  private void takeOver() {
    LaneId before = new LaneId(Math.toIntExact(lane.lane()));
    LaneId after = new LaneId(before.value() + 1);
    long sealing = metadata.accept(new SealLane(before, lane.epoch(), 0, 1));
    metadata.accept(new RegisterLane(after, 0));
    long epoch = metadata.accept(new OpenLane(after, 0, 1));
    lane.follow(after.value(), epoch);
    metadata.accept(new LaneOpened(after, epoch, Map.of()));
    metadata.accept(
        new LaneSealed(
            before,
            sealing,
            Map.of(
                new PartitionId(new UUID(0, 1), 0),
                lane.durableEnds().values().iterator().next())));
  }

  private CoordinatorLogLoader<String> loader(
      Deserializer<String> deserializer, Executor executor) {
    return new CoordinatorLogLoader<>(
        logs,
        deserializer,
        executor,
        scheduler,
        SystemPorts.wallClock(),
        new LogReplay.Outcome() {
          @Override
          public void loaded(PartitionLog log, LoadSummary summary) {
            loaded.incrementAndGet();
          }

          @Override
          public void failed(PartitionLog failed, Throwable cause) {
            alarm.set(cause);
          }

          @Override
          public void notCarriedOver(PartitionLog loaded, Throwable cause) {
            alarm.set(cause);
          }
        });
  }

  /** As the runtime does. */
  private static CompletableFuture<LoadSummary> load(CoordinatorLogLoader<String> loader) {
    return loader.load(PARTITION, PLAYBACK).whenComplete((summary, failure) -> {});
  }

  /** All is replayed, and about to be read again. */
  private CompletableFuture<LoadSummary> loadUntilCarriedOver(
      PartitionLog log, CoordinatorLogLoader<String> loader) {
    lane.readOn(reads::add);
    logs.elect(log);
    CompletableFuture<LoadSummary> load = load(loader);
    reads.remove().run();
    return load;
  }

  @Test
  void aLoadThatWasGivenUpBeforeTheRuntimeListensNeverTellsIt() {
    PartitionLog log = createLog();
    append(log, Batches.plain(3));
    CoordinatorLogLoader<String> loader = loader((key, value) -> "record", Runnable::run);
    logs.elect(log);
    CompletableFuture<LoadSummary> first = loader.load(PARTITION, PLAYBACK);
    logs.resign(log);
    loader.giveUp(0);
    logs.elect(log); // and the runtime has been told of both before it gets to listening
    AtomicInteger told = new AtomicInteger();
    first.whenComplete((summary, failure) -> told.incrementAndGet());
    assertThat(told).as("told of the first load").hasValue(0);
    assertThat(loaded).hasValue(0);

    assertThat(load(loader)).isCompleted();
    assertThat(loaded).hasValue(1);
    assertThat(told).hasValue(0);
  }

  @Test
  void anErrorFailsTheLoadLikeAnyException() {
    PartitionLog log = createLog();
    append(log, Batches.plain(3));
    CoordinatorLogLoader<String> loader =
        loader(
            (key, value) -> {
              throw new StackOverflowError("a record nested too deeply");
            },
            Runnable::run);
    logs.elect(log);
    CompletableFuture<LoadSummary> load = load(loader);
    assertThat(load).isCompletedExceptionally();
    assertThat(alarm.get()).hasMessageContaining("nested too deeply");
  }

  @Test
  void aLoadThatWasGivenUpCarriesNothingOver() {
    PartitionLog former = createLog();
    append(former, Batches.plain(3));
    append(former, Batches.of(Compression.NONE, new SimpleRecord(KEY_OF_THE_FIRST, null)));
    takeOver();
    PartitionLog log = onlyLog();
    CoordinatorLogLoader<String> loader = loader((key, value) -> "record", Runnable::run);
    CompletableFuture<LoadSummary> load = loadUntilCarriedOver(log, loader);
    Runnable second = reads.remove();
    loader.giveUp(0);
    long end = log.endOffset();
    second.run();
    assertThat(log.endOffset()).isEqualTo(end);
    assertThat(load).isNotDone();

    // The next one does carry over, as it is known now, what the first one did not.
    logs.resign(log);
    logs.elect(log);
    CompletableFuture<LoadSummary> next = load(loader);
    reads.remove().run();
    reads.remove().run();
    Await.until("it is loaded", next::isDone);
    assertThat(log.endOffset()).as("two keys").isEqualTo(end + 2);
    assertThat(log.supersededBelow()).isEqualTo(end);
    assertThat(alarm.get()).isNull();
  }

  @Test
  void aLogThatIsHandedOverMeanwhileIsLoadedAllTheSame() {
    PartitionLog former = createLog();
    append(former, Batches.plain(3));
    takeOver();
    PartitionLog log = onlyLog();
    CoordinatorLogLoader<String> loader = loader((key, value) -> "record", Runnable::run);
    CompletableFuture<LoadSummary> load = loadUntilCarriedOver(log, loader);
    long end = log.endOffset();
    new PartitionHandoff(
            0,
            1,
            new HeldCommands(metadata),
            registry,
            new LaneId(Math.toIntExact(lane.lane())),
            lane.epoch(),
            () -> CompletableFuture.completedFuture(null),
            scheduler)
        .handOver(List.of(log), any -> 1);
    reads.remove().run();
    assertThat(load).as("it may be kept, and nobody would load it again").isCompleted();
    assertThat(alarm.get()).hasMessageContaining("does not append");
    assertThat(log.endOffset()).isEqualTo(end);
    assertThat(log.supersededBelow()).isZero();
  }
}
