package io.sediment.compactor.keys;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.DigestException;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/** Apache Kafka's own log on disk with its own cleaner: what results are compared with. */
final class KafkaLog implements AutoCloseable {
  private final StoppedClock clock = new StoppedClock();
  private final UnifiedLog log;
  private final Cleaner cleaner;

  KafkaLog(Path folder, long deleteRetentionMs) throws IOException, NoSuchAlgorithmException {
    LogConfig config =
        new LogConfig(
            Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                "compact",
                TopicConfig.DELETE_RETENTION_MS_CONFIG,
                Long.toString(deleteRetentionMs),
                TopicConfig.SEGMENT_INDEX_BYTES_CONFIG,
                "4096"));
    Path partition = folder.resolve("topic-0");
    this.log =
        UnifiedLog.create(
            java.nio.file.Files.createDirectories(partition).toFile(),
            config,
            0,
            0,
            new NoScheduler(),
            new BrokerTopicStats(),
            clock,
            60_000,
            new ProducerStateManagerConfig(86_400_000, false),
            600_000,
            new LogDirFailureChannel(1),
            true,
            Optional.of(Uuid.randomUuid()));
    this.cleaner =
        new Cleaner(
            0,
            new SkimpyOffsetMap(1 << 20),
            1 << 16,
            1 << 20,
            0.9,
            new Throttler(Double.MAX_VALUE, 1000, "throttler", "bytes", clock),
            clock,
            partitionId -> {});
  }

  void append(ByteBuffer batch) {
    log.appendAsFollower(MemoryRecords.readableRecords(batch.duplicate()), 7);
  }

  /** Ends the segment, so that what was appended can be cleaned. */
  void roll() throws IOException {
    log.roll();
  }

  void clean(long firstDirty, long ceiling, long nowMs) throws IOException, DigestException {
    clock.nowMs = nowMs;
    cleaner.doClean(new LogToClean(log, firstDirty, ceiling, false), nowMs);
  }

  List<RecordBatch> batches() {
    List<RecordBatch> batches = new ArrayList<>();
    for (LogSegment segment : log.logSegments()) {
      segment.log().batches().forEach(batches::add);
    }
    return batches;
  }

  @Override
  public void close() throws IOException {
    log.close();
  }

  /** Time as the test has it. */
  private static final class StoppedClock implements Time {
    private long nowMs = 1_700_000_000_000L;

    @Override
    public long milliseconds() {
      return nowMs;
    }

    @Override
    public long nanoseconds() {
      return nowMs * 1_000_000;
    }

    @Override
    public void sleep(long ms) {
      throw new UnsupportedOperationException("nobody waits");
    }

    @Override
    public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
      throw new UnsupportedOperationException("nobody waits");
    }
  }

  /** What Kafka would do later (delete files, flush) is never done. */
  private static final class NoScheduler implements Scheduler {
    @Override
    public void startup() {}

    @Override
    public void shutdown() {}

    @Override
    public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
      return (ScheduledFuture<?>)
          Proxy.newProxyInstance(
              NoScheduler.class.getClassLoader(),
              new Class<?>[] {ScheduledFuture.class},
              (proxy, method, arguments) -> method.getName().equals("cancel") ? true : null);
    }

    @Override
    public void resizeThreadPool(int size) {}
  }
}
