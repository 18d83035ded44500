package io.sediment.metadata;

import java.util.concurrent.CompletableFuture;

/** What the rest of a broker may ask of the cluster's metadata. Thread-safe; nothing blocks. */
public interface ClusterMetadata {
  /**
   * The newest published image. All in it is committed and exported to the bucket, so it may be
   * acted upon. Never goes back.
   */
  MetadataImage image();

  /**
   * Calls {@code listener} with every image that is published from now on. The first call comes
   * before this method returns or soon after, from an empty image to the one published now, so that
   * no change falls between.
   */
  Subscription subscribe(MetadataListener listener);

  /**
   * Proposes a change. The future completes after the command is committed, its export is durable
   * and {@link #image()} shows it; so whoever waits reads his own writes.
   *
   * <p>It fails with {@link MetadataUnavailableException} where the outcome is unknown: the command
   * may have been committed, or may yet be. Commands are made so that submitting them again does no
   * harm. It completes on a thread that must not be blocked.
   */
  <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command);

  /** A listener that is registered. */
  interface Subscription {
    /** No call begins after this returns, but one may be under way. Idempotent. */
    void cancel();
  }
}
