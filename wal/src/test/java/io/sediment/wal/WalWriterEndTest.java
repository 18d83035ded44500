package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.PutResult;
import io.sediment.simulation.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Logs that are closed, halted or fenced. */
class WalWriterEndTest extends WalWriterTestCase {
  @Test
  void closingSendsWhatIsOpenAndWaitsForIt() {
    for (int i = 0; i < 5; i++) {
      appender.append(0, 1000);
      world.simulation.runFor(Duration.ofMillis(10));
    }
    CompletableFuture<Void> closed = log.close();
    assertThat(closed).isNotDone();
    assertThatThrownBy(() -> appender.append(0, 1000)).isInstanceOf(LaneHaltedException.class);
    world.simulation.await(closed, WalWorld.PATIENCE, "closed");

    assertThat(log.unackedBytes()).isZero();
    assertThat(broker.acks.acked()).hasSize((int) log.cut().seq());
    assertThat(broker.acks.halted()).isNull();
    assertThat(log.close()).isCompleted();
  }

  @Test
  void anIdleLogClosesAtOnce() {
    assertThat(log.close()).isCompleted();
    assertThat(world.putCount()).isZero();
  }

  @Test
  void closingFailsWhenTheLogHaltsFirst() {
    putFence(1, new UUID(1, 2));
    appender.append(0, 1000);
    CompletableFuture<Void> closed = log.close();
    LaneHaltedException cause = untilHalted();

    assertThat(closed).isCompletedExceptionally();
    assertThatThrownBy(closed::join).hasCause(cause);
    assertThatThrownBy(log.close()::join).hasCause(cause);
  }

  @Test
  void aLogThatIsHaltedFromOutsideSaysSoOnceAndSendsNothingMore() {
    appender.append(0, 1000);
    untilAcked(1);
    appender.append(0, 1000);
    LaneHaltedException first = new LaneHaltedException("lease lost");
    log.halt(first);
    log.halt(new LaneHaltedException("again"));
    world.simulation.runFor(Duration.ofMinutes(1));

    assertThat(broker.acks.halted()).isSameAs(first);
    assertThat(broker.acks.acked()).hasSize(1);
    assertThat(world.putCount()).isEqualTo(1);
    assertThat(appender.slabsHeld()).isZero();
    assertThat(broker.metrics.halts).isEqualTo(1);
  }

  @Test
  void whatWasConfirmedInOrderBeforeAHaltIsStillAcknowledged() {
    AckLog acks = new AckLog();
    WriteAheadLog[] itself = new WriteAheadLog[1];
    WriteAheadLog.Listener halting =
        new WriteAheadLog.Listener() {
          @Override
          public void onAcked(WalSlot slot) {
            acks.onAcked(slot);
            if (slot.seq() == 1) {
              itself[0].halt(new LaneHaltedException("by the listener"));
            }
          }

          @Override
          public void onHalted(LaneHaltedException cause) {
            acks.onHalted(cause);
          }
        };
    itself[0] = broker.logs.open(WalWorld.LANE, 6, halting);
    world.bucket.script(world.puts(6, 1), Fault.SLOW, Duration.ofSeconds(2), NOW, NOW);
    world.bucket.script(world.puts(6, 3), Fault.SLOW, Duration.ofSeconds(5), NOW, NOW);
    TestAppender itsAppender = new TestAppender(itself[0], 3);
    for (int i = 0; i < 4; i++) {
      itsAppender.append(0, 1000);
      itself[0].cut();
    }
    world.until("halted", () -> acks.halted() != null);
    world.until("slabs given back", () -> itsAppender.slabsHeld() == 0);

    assertThat(acks.acked()).containsExactly(new WalSlot(6, 1), new WalSlot(6, 2));
    assertThat(acks.complaints()).isEmpty();
  }

  @Test
  void aListenerThatFailsHaltsTheLog() {
    AckLog acks = new AckLog();
    WriteAheadLog.Listener failing =
        new WriteAheadLog.Listener() {
          @Override
          public void onAcked(WalSlot slot) {
            acks.onAcked(slot);
            throw new IllegalStateException("listener is broken");
          }

          @Override
          public void onHalted(LaneHaltedException cause) {
            acks.onHalted(cause);
          }
        };
    WriteAheadLog itsLog = broker.logs.open(new LaneId(4), 1, failing);
    new TestAppender(itsLog, 1).append(0, 1000);
    world.until("halted", () -> acks.halted() != null);

    assertThat(acks.acked()).hasSize(1);
    assertThat(acks.halted()).hasRootCauseMessage("listener is broken");
    assertThat(acks.complaints()).isEmpty();
  }

  @Test
  void batchesOutOfOrderNeverReachTheStore() {
    WriteAheadLog itsLog = broker.logs.open(new LaneId(4), 1, broker.acks);
    PartitionId partition = TestAppender.partition(0);
    TestAppender later = new TestAppender(itsLog, 1, 0, Map.of(partition, 100L));
    later.append(0, 1000);
    new TestAppender(itsLog, 1).append(0, 1000);

    assertThat(untilHalted()).hasRootCauseInstanceOf(IllegalStateException.class);
    assertThat(world.putCount()).isZero();
    assertThat(later.slabsHeld()).isZero();
  }

  @Test
  void aStoreThatThrowsInsteadOfAnsweringIsTriedAgain() {
    int[] throwing = {3};
    broker =
        world.broker(
            "unlucky",
            WalProfile.LATENCY,
            store ->
                new ForwardingStore(store) {
                  @Override
                  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
                    if (throwing[0]-- > 0) {
                      throw new IllegalStateException("store is broken");
                    }
                    return super.putIfAbsent(key, body);
                  }
                });
    log = broker.open(6);
    appender = new TestAppender(log, 1);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(broker.metrics.retries).isEqualTo(3);
  }

  @Test
  void aZombieNeverAcknowledgesWhatTheSealerDidNotFind() {
    appender.append(0, 1000);
    untilAcked(1);
    world.bucket.script(world.puts(5, 2), Fault.SLOW, Duration.ofMinutes(1), NOW, NOW);
    appender.append(0, 1000);
    log.cut();
    appender.append(0, 1000);
    world.until("slot 3 stored", () -> world.bucket.peek(world.key(5, 3)).isPresent());
    broker.process.pause();
    List<SortedObject> sealed = world.broker("sealer").seal(WalSlot.NONE, 6);
    world.simulation.runFor(Duration.ofMinutes(10));
    broker.process.resume();
    untilHalted();

    assertThat(sealed).extracting(SortedObject::key).containsExactly(world.key(5, 1));
    assertThat(broker.acks.acked()).containsExactly(new WalSlot(5, 1));
    assertThat(appender.slabsHeld()).isZero();
  }
}
