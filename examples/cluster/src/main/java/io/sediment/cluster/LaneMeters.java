package io.sediment.cluster;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneStats;
import io.sediment.lsm.scan.ScanCounters;
import java.util.function.ToDoubleFunction;

/** A lane's numbers for the operator. */
final class LaneMeters {
  private LaneMeters() {}

  /** Times the way from memtable to committed L0, and counts its bytes. */
  static FlushListener flushes(MeterRegistry meters) {
    Timer timer =
        Timer.builder("sediment.lane.flush").publishPercentileHistogram().register(meters);
    Counter bytes = Counter.builder("sediment.lane.flushed").baseUnit("bytes").register(meters);
    return (object, took) -> {
      timer.record(took);
      bytes.increment(object.length());
    };
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
    counter(meters, "sediment.lane.reads.gets", lane, ScanCounters::gets);
    counter(meters, "sediment.lane.reads.bytes", lane, ScanCounters::getBytes);
    counter(meters, "sediment.lane.reads.file.regions", lane, ScanCounters::fileRegions);
    counter(meters, "sediment.lane.reads.block.hits", lane, ScanCounters::blockHits);
    counter(meters, "sediment.lane.reads.block.loads", lane, ScanCounters::blockLoads);
    counter(meters, "sediment.lane.reads.index.hits", lane, ScanCounters::indexHits);
    counter(meters, "sediment.lane.reads.index.loads", lane, ScanCounters::indexLoads);
    counter(meters, "sediment.lane.reads.corrupt", lane, ScanCounters::corruptReads);
    counter(meters, "sediment.lane.reads.damaged", lane, ScanCounters::damagedReads);
    counter(meters, "sediment.lane.reads.ahead.unread", lane, ScanCounters::readaheadEvictedUnread);
  }

  private static void counter(
      MeterRegistry meters, String name, Lane lane, ToDoubleFunction<ScanCounters> value) {
    FunctionCounter.builder(name, lane, open -> value.applyAsDouble(open.stats().reads()))
        .register(meters);
  }

  private static void gauge(
      MeterRegistry meters, String name, Lane lane, ToDoubleFunction<LaneStats> value) {
    Gauge.builder(name, lane, open -> value.applyAsDouble(open.stats())).register(meters);
  }
}
