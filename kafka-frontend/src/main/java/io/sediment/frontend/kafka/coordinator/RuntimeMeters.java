package io.sediment.frontend.kafka.coordinator;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime.CoordinatorState;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRuntimeMetrics;

/** What Kafka's coordinator runtime tells of itself, among the broker's other meters. */
final class RuntimeMeters implements CoordinatorRuntimeMetrics {
  private final MeterRegistry meters;
  private final String prefix;
  private final List<Meter> registered = new CopyOnWriteArrayList<>();
  private final Map<CoordinatorState, AtomicInteger> partitions =
      new EnumMap<>(CoordinatorState.class);
  private final Timer loads;
  private final Counter failedLoads;
  private final Counter failedCarryOvers;
  private final Timer durabilityWaits;
  private final Timer queueWaits;

  /**
   * @param prefix of the meters' names, such as {@code kafka.group.coordinator}
   */
  RuntimeMeters(MeterRegistry meters, String prefix) {
    this.meters = meters;
    this.prefix = prefix;
    for (CoordinatorState state :
        List.of(CoordinatorState.LOADING, CoordinatorState.ACTIVE, CoordinatorState.FAILED)) {
      AtomicInteger count = new AtomicInteger();
      partitions.put(state, count);
      registered.add(
          Gauge.builder(prefix + ".partitions", count, AtomicInteger::get)
              .tag("state", state.name().toLowerCase(Locale.ROOT))
              .register(meters));
    }
    this.loads = timer("load");
    this.failedLoads = Counter.builder(prefix + ".load.failures").register(meters);
    this.failedCarryOvers = Counter.builder(prefix + ".carry.over.failures").register(meters);
    this.durabilityWaits = timer("durability.wait");
    this.queueWaits = timer("queue.wait");
    registered.add(failedLoads);
    registered.add(failedCarryOvers);
  }

  private Timer timer(String name) {
    Timer timer = Timer.builder(prefix + "." + name).register(meters);
    registered.add(timer);
    return timer;
  }

  void loadFailed() {
    failedLoads.increment();
  }

  void carryOverFailed() {
    failedCarryOvers.increment();
  }

  @Override
  public void recordPartitionStateChange(CoordinatorState before, CoordinatorState after) {
    count(before, -1);
    count(after, 1);
  }

  private void count(CoordinatorState state, int by) {
    AtomicInteger counted = partitions.get(state);
    if (counted != null) {
      counted.addAndGet(by);
    }
  }

  @Override
  public void recordPartitionLoadSensor(long startMs, long endMs) {
    loads.record(endMs - startMs, TimeUnit.MILLISECONDS);
  }

  @Override
  public void recordEventQueueTime(long durationMs) {
    queueWaits.record(durationMs, TimeUnit.MILLISECONDS);
  }

  @Override
  public void recordEventPurgatoryTime(long durationMs) {
    durabilityWaits.record(durationMs, TimeUnit.MILLISECONDS);
  }

  @Override
  public void registerEventQueueSizeGauge(Supplier<Integer> sizeSupplier) {
    registered.add(
        Gauge.builder(prefix + ".queue.size", sizeSupplier, size -> size.get()).register(meters));
  }

  // What the others tell is of no use to an operator.

  @Override
  public void recordEventProcessingTime(long durationMs) {}

  @Override
  public void recordLingerTime(long durationMs) {}

  @Override
  public void recordFlushTime(long durationMs) {}

  @Override
  public void recordThreadIdleTime(double idleTimeMs) {}

  @Override
  public void recordBackgroundQueueTime(long durationMs) {}

  @Override
  public void recordBackgroundProcessingTime(long durationMs) {}

  @Override
  public void recordBackgroundThreadBusyTime(double busyTimeMs) {}

  @Override
  public void registerBufferCacheSizeGauge(Supplier<Long> bufferCacheSizeSupplier) {}

  @Override
  public void recordBufferCacheDiscarded() {}

  /** Another coordinator may take its names. */
  @Override
  public void close() {
    registered.forEach(meters::remove);
  }
}
