package io.sediment.wal;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Publishes {@link WalMetrics} as {@code sediment.wal.*} meters. */
public final class MicrometerWalMetrics implements WalMetrics {
  private final Timer queueTime;
  private final Timer putTime;
  private final Timer orderTime;
  private final Counter batches;
  private final Counter footerBytes;
  private final DistributionSummary objectBytes;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Counter hedgesSent;
  private final Counter hedgesWon;
  private final Counter retries;
  private final Counter halts;
  private final Counter fencesCreated;
  private final Counter fencesAdopted;
  private final Counter objectsSealed;
  private final Map<Doubt, Map<Verdict, Counter>> resolutions = new EnumMap<>(Doubt.class);

  public MicrometerWalMetrics(MeterRegistry registry) {
    queueTime = ackPart(registry, "queue", "from the first append to the start of the flush");
    putTime = ackPart(registry, "put", "from there until the object is known to be in the bucket");
    orderTime = ackPart(registry, "order", "from there until all slots before are acknowledged");
    batches = registry.counter("sediment.wal.batches");
    footerBytes = registry.counter("sediment.wal.footer.bytes");
    objectBytes =
        DistributionSummary.builder("sediment.wal.object")
            .description("size of the objects put, footer included")
            .baseUnit("bytes")
            .register(registry);
    registry.gauge("sediment.wal.inflight", inFlight);
    hedgesSent = registry.counter("sediment.wal.hedges", "event", "sent");
    hedgesWon = registry.counter("sediment.wal.hedges", "event", "won");
    retries = registry.counter("sediment.wal.retries");
    halts = registry.counter("sediment.wal.halts");
    fencesCreated = registry.counter("sediment.wal.fences", "event", "created");
    fencesAdopted = registry.counter("sediment.wal.fences", "event", "adopted");
    objectsSealed = registry.counter("sediment.wal.sealed.objects");
    for (Doubt doubt : Doubt.values()) {
      Map<Verdict, Counter> byVerdict = new EnumMap<>(Verdict.class);
      for (Verdict verdict : Verdict.values()) {
        byVerdict.put(
            verdict,
            registry.counter(
                "sediment.wal.resolutions", "doubt", label(doubt), "verdict", label(verdict)));
      }
      resolutions.put(doubt, byVerdict);
    }
  }

  private static Timer ackPart(MeterRegistry registry, String part, String description) {
    return Timer.builder("sediment.wal.ack")
        .tag("part", part)
        .description("part of the time to acknowledge a slot: " + description)
        .publishPercentileHistogram()
        .register(registry);
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void acked(long queueNanos, long putNanos, long orderNanos) {
    queueTime.record(queueNanos, TimeUnit.NANOSECONDS);
    putTime.record(putNanos, TimeUnit.NANOSECONDS);
    orderTime.record(orderNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void flushed(int batchCount, long bytes, long bytesOfFooter) {
    batches.increment(batchCount);
    objectBytes.record(bytes);
    footerBytes.increment(bytesOfFooter);
  }

  @Override
  public void inFlight(int objects) {
    inFlight.set(objects);
  }

  @Override
  public void hedgeSent() {
    hedgesSent.increment();
  }

  @Override
  public void hedgeWon() {
    hedgesWon.increment();
  }

  @Override
  public void retried() {
    retries.increment();
  }

  @Override
  public void resolved(Doubt doubt, Verdict verdict) {
    Map<Verdict, Counter> byVerdict = resolutions.get(doubt);
    Counter counter = byVerdict == null ? null : byVerdict.get(verdict);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void halted() {
    halts.increment();
  }

  @Override
  public void sealed(long objects, boolean created) {
    objectsSealed.increment(objects);
    (created ? fencesCreated : fencesAdopted).increment();
  }
}
