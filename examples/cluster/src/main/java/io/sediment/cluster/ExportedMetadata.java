package io.sediment.cluster;

import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.bucket.BucketMetadata;
import io.sediment.metadata.bucket.BucketMetadata.Exports;
import io.sediment.metadata.bucket.ExportState;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's metadata as its brokers have exported it to the bucket, for a process that has no
 * part in it: read again and again, and never quite new. Thread-safe.
 */
final class ExportedMetadata implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ExportedMetadata.class);

  private final BucketMetadata bucket;
  private final Scheduler scheduler;
  private final Duration interval;
  private final Consumer<MetadataImage> listener;
  private volatile boolean closed;

  private ExportedMetadata(
      BucketMetadata bucket,
      Scheduler scheduler,
      Duration interval,
      Consumer<MetadataImage> listener) {
    this.bucket = bucket;
    this.scheduler = scheduler;
    this.interval = interval;
    this.listener = listener;
  }

  /**
   * @param interval from one look to the next
   * @param listener told after each look that found a cluster
   */
  static ExportedMetadata start(
      BucketMetadata bucket,
      Scheduler scheduler,
      Duration interval,
      Consumer<MetadataImage> listener) {
    ExportedMetadata metadata = new ExportedMetadata(bucket, scheduler, interval, listener);
    scheduler.execute(metadata::look);
    return metadata;
  }

  private void look() {
    if (closed) {
      return;
    }
    newest()
        .whenComplete(
            (found, failure) -> {
              if (failure != null) {
                log.warn("exported metadata cannot be read now: {}", failure.toString());
              } else if (found.isPresent() && !closed) {
                listener.accept(found.get());
              }
              scheduler.schedule(this::look, interval);
            });
  }

  private CompletableFuture<Optional<MetadataImage>> newest() {
    return bucket
        .incarnations()
        .thenCompose(
            all ->
                all.isEmpty()
                    ? CompletableFuture.completedFuture(Optional.<ExportState>empty())
                    : bucket.exports(all.get(all.size() - 1).number()).thenApply(Exports::state))
        .thenApply(state -> state.map(ExportState::image));
  }

  @Override
  public void close() {
    closed = true;
  }
}
