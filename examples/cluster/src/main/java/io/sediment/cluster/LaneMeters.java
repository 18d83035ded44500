package io.sediment.cluster;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneStats;
import java.util.function.ToDoubleFunction;

/** A lane's numbers for the operator. */
final class LaneMeters {
  private LaneMeters() {}

  /** Times the way from memtable to committed L0. */
  static FlushListener flushes(MeterRegistry meters) {
    Timer timer =
        Timer.builder("sediment.lane.flush").publishPercentileHistogram().register(meters);
    return (object, took) -> timer.record(took);
  }

  static void bindTo(MeterRegistry meters, Lane lane) {
    gauge(meters, "sediment.lane.partitions", lane, LaneStats::partitions);
    gauge(meters, "sediment.lane.memtable.bytes", lane, LaneStats::memtableBytes);
    gauge(meters, "sediment.lane.unflushed.bytes", lane, LaneStats::unflushedBytes);
    gauge(meters, "sediment.lane.unacked.bytes", lane, LaneStats::unackedBytes);
    gauge(meters, "sediment.lane.l0.objects", lane, LaneStats::l0Objects);
    gauge(meters, "sediment.lane.l0.bytes", lane, LaneStats::l0Bytes);
    gauge(meters, "sediment.lane.runs", lane, LaneStats::runs);
    gauge(meters, "sediment.lane.runs.bytes", lane, LaneStats::runBytes);
    gauge(meters, "sediment.lane.manifest.id", lane, LaneStats::manifestId);
  }

  private static void gauge(
      MeterRegistry meters, String name, Lane lane, ToDoubleFunction<LaneStats> value) {
    Gauge.builder(name, lane, open -> value.applyAsDouble(open.stats())).register(meters);
  }
}
