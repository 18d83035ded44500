package io.sediment.frontend.coordinator;

import io.sediment.frontend.partition.DurabilityWatcher;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.ReadableLog;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes elections and resignations of a coordinator out of logs that open and close. A log is one
 * leadership under one leader epoch, so a partition that is opened again is always resigned before
 * it is elected anew, and what the old leadership had in memory is dropped with it.
 */
public final class Elections implements DurabilityWatcher, LoadListener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Elections.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final PartitionLogs logs;
  private final UUID topicId;
  private final Scheduler scheduler;
  private final ExecutorService turn; // one thread: elections of a topic are one sequence
  private final Consumer<PartitionLog> openListener = this::onOpened;

  // For the turn alone.
  private @Nullable Coordinator coordinator;
  private final Map<Integer, PartitionLog> elected = new HashMap<>();
  private final Map<PartitionLog, Integer> failures = new HashMap<>();

  /**
   * @param threadName of the one thread that tells elections
   */
  public Elections(PartitionLogs logs, UUID topicId, Scheduler scheduler, String threadName) {
    this.logs = logs;
    this.topicId = topicId;
    this.scheduler = scheduler;
    this.turn = NamedThreads.pool(threadName, 1);
  }

  /** Tells {@code elected} of what is open now and of whatever opens later. */
  public void start(Coordinator elected) {
    inTurn(() -> coordinator = elected);
    logs.whenOpened(openListener);
  }

  private Coordinator coordinator() {
    return Objects.requireNonNull(coordinator, "not started");
  }

  private void onOpened(PartitionLog opened) {
    if (opened.id().topicId().equals(topicId)) {
      inTurn(() -> elect(opened));
    }
  }

  @Override
  public void onReadable(ReadableLog readable, long bytes) {}

  @Override
  public void onChanged(ReadableLog changed) {
    if (changed instanceof PartitionLog led && !led.isOpen()) {
      inTurn(() -> resign(led));
    }
  }

  /** Said loudly, and tried again after a pause. */
  @Override
  public void loadFailed(PartitionLog failed, Throwable cause) {
    inTurn(
        () -> {
          if (elected.get(failed.id().partition()) != failed || !failed.isOpen()) {
            return;
          }
          int count = failures.merge(failed, 1, Integer::sum);
          Duration pause = pauseAfter(count);
          log.error(
              "loading coordinator state from {} failed, next attempt in {}: failures={}",
              failed,
              pause,
              count,
              cause);
          scheduler.schedule(() -> inTurn(() -> electAgain(failed)), pause);
        });
  }

  /** Doubled with each failure, to a limit. */
  static Duration pauseAfter(int failures) {
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(failures - 1, 16));
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }

  @Override
  public void loadSucceeded(PartitionLog loaded) {
    inTurn(() -> failures.remove(loaded));
  }

  // One at a time.

  private void elect(PartitionLog opened) {
    if (!opened.isOpen()) {
      return; // it closed before its turn came, and another may be elected by now
    }
    PartitionLog before = elected.get(opened.id().partition());
    if (before == opened) {
      return;
    }
    if (before != null) {
      resign(before);
    }
    elected.put(opened.id().partition(), opened);
    opened.watch(this);
    coordinator().onElection(opened);
    if (!opened.isOpen()) {
      resign(opened); // closed before it was watched
    }
  }

  private void electAgain(PartitionLog failed) {
    if (elected.get(failed.id().partition()) == failed && failed.isOpen()) {
      coordinator().onResignation(failed);
      coordinator().onElection(failed);
    }
  }

  private void resign(PartitionLog closed) {
    if (elected.remove(closed.id().partition(), closed)) {
      failures.remove(closed);
      closed.unwatch(this);
      coordinator().onResignation(closed);
    }
  }

  private void inTurn(Runnable step) {
    try {
      turn.execute(step);
    } catch (RejectedExecutionException e) {
      log.debug("elections of {} are over", topicId);
    }
  }

  /** Waits for the step under way and tells nothing any more: the coordinator is closed next. */
  @Override
  public void close() throws InterruptedException {
    logs.forget(openListener);
    turn.execute(() -> elected.values().forEach(each -> each.unwatch(this)));
    turn.shutdown();
    if (!turn.awaitTermination(LONGEST_PAUSE.toSeconds(), TimeUnit.SECONDS)) {
      log.warn("elections of {} do not end", topicId);
    }
  }
}
