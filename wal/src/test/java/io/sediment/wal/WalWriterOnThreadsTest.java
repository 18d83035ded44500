package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The same code on real threads: the simulated world has only one. */
class WalWriterOnThreadsTest {
  private static final int PRODUCERS = 4;
  private static final int BATCHES_EACH = 2_000;

  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("wal", 4);
  private final ExecutorService producers = NamedThreads.pool("producer", PRODUCERS);
  private final ExecutorService storeThreads = NamedThreads.pool("store", 4);
  private final MemoryObjectStore bucket = new MemoryObjectStore(storeThreads);
  private final Random chance = new Random(1);

  /** Every tenth put fails, half of those after it was done. */
  private final class UnreliableStore extends ForwardingStore {
    UnreliableStore() {
      super(bucket);
    }

    @Override
    public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
      int dice = chance.nextInt(20);
      if (dice == 0) {
        return CompletableFuture.failedFuture(
            new ObjectStoreException.Unavailable("not done", null));
      }
      CompletableFuture<PutResult> done = super.putIfAbsent(key, body);
      return dice != 1
          ? done
          : done.thenCompose(
              result ->
                  CompletableFuture.failedFuture(
                      new ObjectStoreException.Unavailable("answer lost", null)));
    }
  }

  @AfterEach
  void stop() {
    scheduler.close();
    producers.shutdownNow();
    storeThreads.shutdownNow();
  }

  private BucketWriteAheadLogs logs(WalProfile profile) {
    return new BucketWriteAheadLogs(
        new UnreliableStore(),
        profile,
        1,
        scheduler,
        SystemPorts.ticker(),
        new Random(2),
        WalMetrics.NONE);
  }

  private static WalProfile profile(Duration spacing) {
    return new WalProfile("test", spacing, spacing, Duration.ZERO, 100_000, 4, 0, true);
  }

  /** Producers append under one lock, as a lane's callers do. */
  private void produce(WriteAheadLog log, List<TestAppender> appenders) {
    Object laneLock = new Object();
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (int p = 0; p < PRODUCERS; p++) {
      TestAppender appender = new TestAppender(log, p);
      PartitionId partition = TestAppender.partition(p);
      appenders.add(appender);
      ends.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < BATCHES_EACH; i++) {
                  synchronized (laneLock) {
                    appender.append(partition, 500, null);
                  }
                }
              },
              producers));
    }
    ends.forEach(Await::result);
  }

  @Test
  void manyThreadsAreAcknowledgedInOrderAndNothingIsLost() {
    BucketWriteAheadLogs logs = logs(profile(Duration.ZERO));
    AckLog acks = new AckLog();
    WriteAheadLog log = logs.open(WalWorld.LANE, 1, acks);
    List<TestAppender> appenders = new ArrayList<>();
    produce(log, appenders);
    Await.result(log.close());

    assertThat(acks.complaints()).isEmpty();
    assertThat(acks.halted()).isNull();
    assertThat(log.unackedBytes()).isZero();
    List<SortedObject> sealed = Await.result(logs.seal(WalWorld.LANE, WalSlot.NONE, 2));
    assertThat(sealed).hasSize(acks.acked().size());
    Map<PartitionId, Long> ends = new HashMap<>();
    for (SortedObject object : sealed) {
      for (Section section : object.sections()) {
        assertThat(section.baseOffset()).isEqualTo(ends.getOrDefault(section.partition(), 0L));
        ends.put(section.partition(), section.nextOffset());
      }
    }
    assertThat(ends).hasSize(PRODUCERS).values().containsOnly(3L * BATCHES_EACH);
    appenders.forEach(a -> Await.until("slabs given back", () -> a.slabsHeld() == 0));
  }

  @Test
  void aHaltInTheMiddleGivesEverythingBack() {
    BucketWriteAheadLogs logs = logs(profile(Duration.ofMillis(1)));
    AckLog acks = new AckLog();
    WriteAheadLog log = logs.open(WalWorld.LANE, 1, acks);
    CompletableFuture<Void> halted =
        CompletableFuture.runAsync(
            () -> {
              Await.until("some acks", () -> acks.acked().size() >= 5);
              log.halt(new LaneHaltedException("in the middle"));
            },
            storeThreads);
    List<TestAppender> appenders = new ArrayList<>();
    try {
      produce(log, appenders);
    } catch (LaneHaltedException e) {
      assertThat(e).hasRootCauseMessage("in the middle");
    }
    Await.result(halted);
    Await.until("told", () -> acks.halted() != null);

    assertThat(acks.complaints()).isEmpty();
    appenders.forEach(a -> Await.until("slabs given back", () -> a.slabsHeld() == 0));
  }
}
