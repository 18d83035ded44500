package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;

/** A log that is open for appending, over a bucket that faults can be planned for. */
abstract class WalWriterTestCase {
  static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  static final Duration NOW = Duration.ZERO;

  /** As on a priced store, but soon full. */
  static final WalProfile SMALL =
      new WalProfile(
          "small",
          Duration.ofMillis(40),
          Duration.ofMillis(40),
          Duration.ZERO,
          100_000,
          4,
          0,
          true);

  WalWorld world = new WalWorld(1);
  WalWorld.Broker broker = world.broker("broker");
  WalWriter log = broker.open(5);
  TestAppender appender = new TestAppender(log, 1);

  void start(WalProfile profile, FaultPlan faults) {
    world = new WalWorld(1, faults);
    broker = world.broker("broker", profile);
    log = broker.open(5);
    appender = new TestAppender(log, 1);
  }

  @AfterEach
  void toldInOrder() {
    assertThat(broker.acks.complaints()).isEmpty();
    world.assertStored(appender, broker.acks.acked());
  }

  void untilAcked(int slots) {
    world.until(slots + " slots acked", () -> broker.acks.acked().size() >= slots);
  }

  LaneHaltedException untilHalted() {
    world.until("halted", () -> broker.acks.halted() != null);
    LaneHaltedException cause = broker.acks.halted();
    if (cause == null) {
      throw new AssertionError("not halted");
    }
    return cause;
  }

  void putFence(long seq, UUID sealer) {
    ObjectIdentity fence =
        new ObjectIdentity(
            SortedObjectKind.FENCE, WalWorld.INCARNATION, WalWorld.LANE, 5, seq, sealer);
    SimScheduler process = world.simulation.process("sealer");
    world.simulation.await(
        world
            .bucket
            .forProcess(process)
            .putIfAbsent(world.key(5, seq), SortedObjectWriter.fence(fence).body()),
        WalWorld.PATIENCE,
        "fence put");
  }
}
