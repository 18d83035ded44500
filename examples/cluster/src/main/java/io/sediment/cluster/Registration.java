package io.sediment.cluster;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.RegisterBroker;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a broker that starts known to the others, which takes a metadata leader: where there is
 * none yet, as when most voters are down, it waits for one. The command names the process, so that
 * sending it again after a lost answer changes nothing.
 */
final class Registration {
  private static final Logger log = LoggerFactory.getLogger(Registration.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final ClusterMetadata metadata;
  private final RegisterBroker command;
  private final Supplier<CompletableFuture<String>> outlook;
  private final Scheduler scheduler;
  private final CompletableFuture<Long> brokerEpoch = new CompletableFuture<>();

  /** One attempt comes after the other: not done while the last line has not been written. */
  private volatile CompletableFuture<?> said = CompletableFuture.completedFuture(null);

  private Registration(
      ClusterMetadata metadata,
      RegisterBroker command,
      Supplier<CompletableFuture<String>> outlook,
      Scheduler scheduler) {
    this.metadata = metadata;
    this.command = command;
    this.outlook = outlook;
    this.scheduler = scheduler;
  }

  /**
   * Completes with the broker epoch of this process; fails where the registration is refused. No
   * further attempt is made once the future was cancelled.
   *
   * @param outlook whom of the others this broker reaches; what the operator is told of attempts
   *     that fail, of one at a time
   */
  static CompletableFuture<Long> of(
      ClusterMetadata metadata,
      RegisterBroker command,
      Supplier<CompletableFuture<String>> outlook,
      Scheduler scheduler) {
    Registration registration = new Registration(metadata, command, outlook, scheduler);
    registration.submit();
    return registration.brokerEpoch;
  }

  private void submit() {
    if (brokerEpoch.isDone()) {
      return;
    }
    metadata
        .submit(command)
        .whenComplete(
            (result, failure) -> {
              if (result != null) {
                brokerEpoch.completeAsync(result::valueOrThrow, Runnable::run);
              } else if (isUnavailable(failure)) {
                sayWhyAndTryAgain(failure);
              } else {
                brokerEpoch.completeExceptionally(failure);
              }
            });
  }

  /** Tries again also while nobody knows yet whom this broker reaches: a leader may be there. */
  private void sayWhyAndTryAgain(Throwable failure) {
    scheduler.schedule(this::submit, PAUSE);
    if (!said.isDone()) {
      return;
    }
    said =
        outlook
            .get()
            .handle(
                (whom, unknown) -> {
                  log.warn(
                      "broker {} is not registered yet, trying again: {}; {}",
                      command.brokerId(),
                      failure.getMessage(),
                      unknown == null ? whom : unknown.toString());
                  return null;
                });
  }

  private static boolean isUnavailable(Throwable failure) {
    return Failures.causeOf(failure) instanceof MetadataUnavailableException;
  }
}
