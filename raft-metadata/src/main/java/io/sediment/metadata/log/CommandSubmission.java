package io.sediment.metadata.log;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Proposes commands to the log and awaits what they came to: committed, exported, and published on
 * this member, so that whoever waits reads his own writes. Thread-safe.
 */
public final class CommandSubmission {
  private final ExportedImages images;
  private final Scheduler scheduler;
  private final Duration timeout;
  private final int commandBytesMax;
  private final Function<byte[], CompletableFuture<ByteBuffer>> log;

  /**
   * @param timeout after which the outcome counts as unknown
   * @param log takes an encoded command to whoever leads, and answers what the state machine there
   *     answers
   */
  public CommandSubmission(
      ExportedImages images,
      Scheduler scheduler,
      Duration timeout,
      int commandBytesMax,
      Function<byte[], CompletableFuture<ByteBuffer>> log) {
    this.images = images;
    this.scheduler = scheduler;
    this.timeout = timeout;
    this.commandBytesMax = commandBytesMax;
    this.log = log;
  }

  /** As {@link io.sediment.metadata.ClusterMetadata#submit} says. */
  public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    byte[] bytes = CommandLayout.encode(command);
    if (bytes.length > commandBytesMax) {
      return CompletableFuture.failedFuture(
          new IllegalArgumentException(
              "metadata command too large: "
                  + nameOf(command)
                  + " bytes="
                  + bytes.length
                  + " max="
                  + commandBytesMax));
    }
    CompletableFuture<CommandResult<R>> result = new CompletableFuture<>();
    Scheduler.Cancellable noAnswer =
        scheduler.schedule(
            () ->
                result.completeExceptionally(
                    new MetadataUnavailableException(
                        "no answer in " + timeout + " to " + nameOf(command))),
            timeout);
    log.apply(bytes)
        .thenApply(CommandReply::decode)
        .thenCompose(
            reply ->
                images
                    .published(reply.imageVersion())
                    .thenApply(
                        nothing ->
                            CommandLayout.decodeResult(command, ByteBuffer.wrap(reply.result()))))
        .whenComplete(
            (value, failure) -> {
              noAnswer.cancel();
              if (failure == null) {
                result.complete(value);
              } else {
                result.completeExceptionally(
                    new MetadataUnavailableException(
                        "outcome unknown of " + nameOf(command) + ": " + failure, failure));
              }
            });
    return result;
  }

  private static String nameOf(MetadataCommand<?> command) {
    return command.getClass().getSimpleName();
  }
}
