package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.simulation.FaultPlan;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What clients wait for on a store that answers like S3 Standard (put: median 60 ms, p99 250 ms),
 * in virtual time: the log alone, without what processors and networks add.
 */
class WalLatencyTest {
  /** A simulated put takes this and a quarter more for its answer. */
  private static final FaultPlan S3_STANDARD = FaultPlan.none().withLatency(48, 200);

  /** A log, somebody who appends, and how long each batch took. */
  private static final class Load implements WriteAheadLog.Listener {
    private record Waiting(WalSlot slot, long appendedNanos) {}

    private final WalWorld world;
    private final WalWorld.Broker broker;
    private final TestAppender appender;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final List<Long> ackNanos = new ArrayList<>();
    private Runnable onAck = () -> {};

    private final int batchBytes;

    Load(long seed, int batchBytes) {
      this.batchBytes = batchBytes;
      world = new WalWorld(seed, S3_STANDARD);
      broker = world.broker("broker");
      appender = new TestAppender(broker.logs.open(WalWorld.LANE, 1, this), seed);
    }

    void append() {
      WalSlot slot = appender.append(appender.appended().size() % 8, batchBytes);
      waiting.add(new Waiting(slot, world.simulation.nowNanos()));
    }

    @Override
    public void onAcked(WalSlot slot) {
      while (!waiting.isEmpty() && waiting.peek().slot().compareTo(slot) <= 0) {
        ackNanos.add(world.simulation.nowNanos() - waiting.remove().appendedNanos());
        onAck.run();
      }
    }

    @Override
    public void onHalted(LaneHaltedException cause) {
      throw new AssertionError(cause);
    }

    /** Appends at random moments, so many a second on average. */
    void poisson(double perSecond, int batches, SplittableRandom random) {
      if (batches > 0) {
        long pause = (long) (-Math.log(1 - random.nextDouble()) / perSecond * 1e9);
        broker.process.schedule(
            () -> {
              append();
              poisson(perSecond, batches - 1, random);
            },
            Duration.ofNanos(pause));
      }
    }

    long percentileMillis(double percentile) {
      long[] sorted = ackNanos.stream().mapToLong(Long::longValue).sorted().toArray();
      return Duration.ofNanos(sorted[(int) (sorted.length * percentile)]).toMillis();
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void acknowledgementsComeInTime(long seed) {
    Load load = new Load(seed, 1024);
    int batches = 10_000;
    load.poisson(100, batches, new SplittableRandom(seed));
    load.world.until("all are acknowledged", () -> load.ackNanos.size() == batches);

    assertThat(load.percentileMillis(0.50)).isLessThanOrEqualTo(110);
    assertThat(load.percentileMillis(0.99)).isLessThanOrEqualTo(260);
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2})
  void fiveRequestsInFlightAreWorthMoreThanFourOneAfterTheOther(long seed) {
    assertThat(batchesPerSecond(seed, 5)).isGreaterThanOrEqualTo(4 * batchesPerSecond(seed, 1));
  }

  /** One producer that sends its next request 1 ms after one was acknowledged. */
  private static double batchesPerSecond(long seed, int inFlight) {
    Load load = new Load(seed, 16 << 10);
    Runnable sendSoon = () -> load.broker.process.schedule(load::append, Duration.ofMillis(1));
    load.onAck = sendSoon;
    for (int i = 0; i < inFlight; i++) {
      sendSoon.run();
    }
    int seconds = 60;
    load.world.simulation.runFor(Duration.ofSeconds(seconds));
    return (double) load.ackNanos.size() / seconds;
  }
}
