package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.AppendResult;
import io.sediment.frontend.partition.DurabilityWatcher;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.ReadableLog;
import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.coordinator.common.runtime.PartitionWriter;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.VerificationGuard;

/**
 * Appends a coordinator's records to its log and returns at once; the listener hears when they are
 * durable. Called by the runtime, one call at a time per partition.
 */
final class CoordinatorLogWriter implements PartitionWriter {
  private record Watch(Listener listener, TopicPartition partition) implements DurabilityWatcher {
    @Override
    public void onReadable(ReadableLog log, long bytes) {
      listener.onHighWatermarkUpdated(partition, log.highWatermark());
    }

    @Override
    public void onChanged(ReadableLog log) {} // a closed log is a resignation, which is told apart
  }

  private final CoordinatorLogs logs;
  private final Map<Integer, LogConfig> configs = new ConcurrentHashMap<>(); // by max.message.bytes

  CoordinatorLogWriter(CoordinatorLogs logs) {
    this.logs = logs;
  }

  /**
   * @throws NotLeaderOrFollowerException if nothing can be appended here any more
   * @throws NotEnoughReplicasException if there is no memory for it now; to a client that is a
   *     coordinator that is not available at the moment
   */
  @Override
  public long append(
      TopicPartition partition, VerificationGuard guard, MemoryRecords records, short version) {
    PartitionLog log = requireLoaded(partition);
    ByteBuffer batch = records.buffer();
    int lastOffsetDelta = RecordBatchLayout.lastOffsetDelta(batch, batch.position());
    AppendResult result = log.append(batch); // copies: the runtime uses its buffer again
    if (result instanceof AppendResult.Appended appended) {
      return appended.baseOffset() + lastOffsetDelta + 1;
    }
    if (result instanceof AppendResult.Refused refused) {
      throw refused.error().exception(refused.message());
    }
    throw new NotEnoughReplicasException("no memory for unflushed data: " + log);
  }

  @Override
  public void registerListener(TopicPartition partition, Listener listener) {
    PartitionLog log = logs.loaded(partition.partition());
    if (log != null) {
      log.watch(new Watch(listener, partition));
    }
  }

  @Override
  public void deregisterListener(TopicPartition partition, Listener listener) {
    PartitionLog log = logs.loaded(partition.partition());
    if (log != null) {
      log.unwatch(new Watch(listener, partition));
    }
  }

  @Override
  public LogConfig config(TopicPartition partition) {
    return configs.computeIfAbsent(
        requireLoaded(partition).settings().batchBytesMax(),
        bytes -> new LogConfig(Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, bytes)));
  }

  private PartitionLog requireLoaded(TopicPartition partition) {
    PartitionLog log = logs.loaded(partition.partition());
    if (log == null) {
      throw new NotLeaderOrFollowerException("this broker does not append to " + partition);
    }
    return log;
  }

  @Override
  public CompletableFuture<VerificationGuard> maybeStartTransactionVerification(
      TopicPartition partition, String transactionalId, long id, short epoch, int apiVersion) {
    return CompletableFuture.failedFuture(
        new UnsupportedVersionException("transactions are not served"));
  }

  @Override
  public CompletableFuture<Void> deleteRecords(TopicPartition partition, long beforeOffset) {
    return CompletableFuture.failedFuture(
        new UnsupportedVersionException("coordinators of this kind delete no records"));
  }
}
