package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.wal.WalMetrics.Doubt;
import io.sediment.wal.WalMetrics.Verdict;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MicrometerWalMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final MicrometerWalMetrics metrics = new MicrometerWalMetrics(registry);

  @Test
  void anAckIsTimedInThreeParts() {
    metrics.acked(1_000_000, 20_000_000, 3_000_000);

    assertThat(partMillis("queue")).isEqualTo(1);
    assertThat(partMillis("put")).isEqualTo(20);
    assertThat(partMillis("order")).isEqualTo(3);
  }

  private double partMillis(String part) {
    return registry
        .get("sediment.wal.ack")
        .tag("part", part)
        .timer()
        .totalTime(TimeUnit.MILLISECONDS);
  }

  @Test
  void resolutionsAreCountedByCauseAndVerdict() {
    metrics.resolved(Doubt.UNAVAILABLE, Verdict.OURS);
    metrics.resolved(Doubt.UNAVAILABLE, Verdict.OURS);
    metrics.resolved(Doubt.PRECONDITION_FAILED, Verdict.FENCED);

    assertThat(resolutions("unavailable", "ours")).isEqualTo(2);
    assertThat(resolutions("precondition_failed", "fenced")).isEqualTo(1);
    assertThat(resolutions("unavailable", "absent")).isZero();
  }

  private double resolutions(String doubt, String verdict) {
    return registry
        .get("sediment.wal.resolutions")
        .tags("doubt", doubt, "verdict", verdict)
        .counter()
        .count();
  }

  @Test
  void aRunOfTheWriterIsSeenInTheCounters() {
    WalWorld world = new WalWorld(1, FaultPlan.none());
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            world.bucket.forProcess(world.simulation.world()),
            WalProfile.LATENCY,
            WalWorld.INCARNATION,
            world.simulation.world(),
            world.simulation.world(),
            world.simulation.world().random(),
            metrics);
    AckLog acks = new AckLog();
    world.bucket.script(world.puts(1, 1), 2, Fault.THROTTLING_STORM);
    new TestAppender(logs.open(WalWorld.LANE, 1, acks), 1).append(0, 1000);
    world.until("acked", () -> acks.acked().size() == 1);

    assertThat(registry.get("sediment.wal.retries").counter().count()).isEqualTo(2);
    assertThat(registry.get("sediment.wal.batches").counter().count()).isEqualTo(1);
    assertThat(registry.get("sediment.wal.object").summary().totalAmount()).isGreaterThan(1000);
    assertThat(registry.get("sediment.wal.inflight").gauge().value()).isZero();
  }
}
