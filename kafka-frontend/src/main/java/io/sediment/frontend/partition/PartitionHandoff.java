package io.sediment.frontend.partition;

import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.DrainLane;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LanesByLoad;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.MovePartitions.Move;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RejectionCode;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands partitions that this broker leads over to others, without anybody's record being refused.
 *
 * <p>The order is what makes it safe and short: what lies in memory is flushed while appends go on;
 * then the logs append nothing more, which is for good ({@link PartitionLog#handOver}); what they
 * appended becomes durable; only then {@link MovePartitions} is submitted, again and again until
 * its answer is known, while that is flushed, too: the next leader waits for it where it reads what
 * is older, or the states of producers. Before the move is committed this broker's lane is the
 * partition's, and should it be sealed, ends where the logs ended; after it the next leader's is.
 * No record of the handoff is kept anywhere else: see {@code
 * docs/decisions/0012-the-owner-hands-over.md}.
 */
public final class PartitionHandoff implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PartitionHandoff.class);
  private static final String CLOSED = "the handoff is closed";
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** How long a store that takes no record may keep logs from appending. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** More at once cost fewer flushes, and all of them wait for the slowest. */
  private static final int PARTITIONS_AT_ONCE = 250;

  /**
   * Of partitions that somebody writes to, who waits meanwhile, as few go at once as this many
   * steps allow, but not fewer than {@link #BUSY_AT_ONCE_MIN}: a step of few is no shorter.
   */
  private static final int BUSY_STEPS = 20;

  private static final int BUSY_AT_ONCE_MIN = 50;

  /** Some for each of a few next leaders. */
  private static final int IDLE_AT_FIRST = 4;

  private record Leaving(PartitionLog log, Move move) {}

  private final int brokerId;
  private final long brokerEpoch;
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final LaneId lane;
  private final long laneEpoch;
  private final Supplier<CompletableFuture<Void>> flush;
  private final Scheduler scheduler;
  private final Set<CompletableFuture<Void>> waiting = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * @param brokerEpoch of this process's registration
   * @param lane that the logs append to, under {@code laneEpoch}
   * @param flush moves what was appended to the lane's objects; what is appended after the call
   *     goes to other objects
   */
  public PartitionHandoff(
      int brokerId,
      long brokerEpoch,
      ClusterMetadata metadata,
      PartitionLogs logs,
      LaneId lane,
      long laneEpoch,
      Supplier<CompletableFuture<Void>> flush,
      Scheduler scheduler) {
    this.brokerId = brokerId;
    this.brokerEpoch = brokerEpoch;
    this.metadata = metadata;
    this.logs = logs;
    this.lane = lane;
    this.laneEpoch = laneEpoch;
    this.flush = flush;
    this.scheduler = scheduler;
  }

  /**
   * Hands everything over, some partitions after the others, those first that are written to now,
   * and has none placed here any more. What the store does not take in time is tried again for as
   * long as this is not closed.
   *
   * @return how many went, which is all but those that can go nowhere. Completes at once where
   *     nobody else could take them; fails where this broker has lost its lane, or is closed before
   *     that is done
   */
  public CompletableFuture<Integer> drain() {
    if (!isAnybodyElse()) {
      return CompletableFuture.completedFuture(0);
    }
    Map<PartitionLog, Long> bytesBefore = new HashMap<>();
    for (PartitionLog each : logs.all()) {
      bytesBefore.put(each, each.appendedBytes());
    }
    return submit(new DrainLane(lane, laneEpoch, brokerId, brokerEpoch))
        .thenApply(CommandResult::valueOrThrow)
        .thenCompose(done -> flush.get())
        .thenCompose(done -> drainOn(0, bytesBefore));
  }

  private CompletableFuture<Integer> drainOn(int before, Map<PartitionLog, Long> bytesBefore) {
    if (closed) {
      return CompletableFuture.failedFuture(new IllegalStateException(CLOSED));
    }
    List<PartitionLog> leaving = nextToLeave(before == 0, bytesBefore);
    if (leaving.isEmpty() || !isAnybodyElse()) {
      return CompletableFuture.completedFuture(before);
    }
    return handOver(leaving, nextLeaders(leaving)::get, true)
        .handle(
            (moved, failure) -> {
              if (failure == null) {
                return drainOn(before + moved, bytesBefore);
              }
              if (Failures.causeOf(failure) instanceof PartitionsKeptException kept) {
                log.warn("trying again: {}", kept.getMessage());
                return pause().thenCompose(waited -> drainOn(before, bytesBefore));
              }
              return CompletableFuture.<Integer>failedFuture(failure);
            })
        .thenCompose(next -> next);
  }

  /**
   * The next step's partitions: some of those that were written to since then, or of all. Ahead of
   * them a few for which nobody waits, so that it is not the others who wait while these brokers do
   * for the first time what a handoff takes.
   */
  private List<PartitionLog> nextToLeave(boolean isFirst, Map<PartitionLog, Long> bytesBefore) {
    MetadataImage image = metadata.image();
    List<PartitionLog> busy = new ArrayList<>();
    List<PartitionLog> idle = new ArrayList<>();
    for (PartitionLog each : logs.all()) {
      PartitionId id = new PartitionId(each.id().topicId(), each.id().partition());
      if (logs.newest(id, image) == each && !each.isStranded()) {
        boolean isBusy = each.appendedBytes() > bytesBefore.getOrDefault(each, 0L);
        (isBusy ? busy : idle).add(each);
      }
    }
    if (isFirst && !idle.isEmpty()) {
      return first(idle, IDLE_AT_FIRST);
    }
    return busy.isEmpty()
        ? first(idle, PARTITIONS_AT_ONCE)
        : first(busy, busyAtOnce(bytesBefore.size()));
  }

  private static List<PartitionLog> first(List<PartitionLog> logs, int count) {
    return logs.subList(0, Math.min(logs.size(), count));
  }

  private static int busyAtOnce(int partitions) {
    return Math.min(PARTITIONS_AT_ONCE, Math.max(BUSY_AT_ONCE_MIN, partitions / BUSY_STEPS));
  }

  private Map<PartitionLog, Integer> nextLeaders(List<PartitionLog> leaving) {
    LanesByLoad others = new LanesByLoad(metadata.image(), lane);
    Map<PartitionLog, Integer> leaders = new HashMap<>();
    for (PartitionLog each : leaving) {
      leaders.put(
          each, others.isEmpty() ? MovePartitions.ANY_BROKER : others.takeLeastLoaded().owner());
    }
    return leaders;
  }

  private boolean isAnybodyElse() {
    return metadata.image().lanes().values().stream()
        .anyMatch(other -> other.state() == Lane.State.ACTIVE && !other.id().equals(lane));
  }

  /** Flushes what it can ahead, then {@link #handOver hands over}. */
  CompletableFuture<Integer> flushAndHandOver(
      List<PartitionLog> leaving, ToIntFunction<PartitionLog> target) {
    return flush.get().thenCompose(flushed -> handOver(leaving, target));
  }

  /**
   * Hands some partitions over together. One whose log closes meanwhile is passed over. Where the
   * store does not take in time what they appended, this broker keeps them all. One that ends below
   * its start, which is a mistake of ours, goes nowhere and appends no more: nobody could read it.
   * It is passed over, too, and {@linkplain PartitionLog#strand stranded}.
   *
   * @param target a broker, or {@link MovePartitions#ANY_BROKER}
   * @return how many went, to whomever, once this broker knows that and what they appended is
   *     flushed. Fails where it keeps them, has lost its lane, or is closed before
   */
  public CompletableFuture<Integer> handOver(
      List<PartitionLog> leaving, ToIntFunction<PartitionLog> target) {
    return handOver(leaving, target, false);
  }

  /**
   * @param isExpected whether the targets know that they may lead at any moment, and have clients
   *     wait that come before they do: so clients are sent there as soon as the move is submitted,
   *     whatever becomes of it, and not where it could not be, since this is closed
   */
  private CompletableFuture<Integer> handOver(
      List<PartitionLog> leaving, ToIntFunction<PartitionLog> target, boolean isExpected) {
    ConcurrentLinkedQueue<Leaving> ready = new ConcurrentLinkedQueue<>();
    List<CompletableFuture<Void>> ended = new ArrayList<>(leaving.size());
    List<PartitionLog> stopped = new ArrayList<>(leaving.size());
    for (PartitionLog each : leaving) {
      CompletableFuture<Long> handedOver = each.handOver();
      if (!handedOver.isCompletedExceptionally()) {
        stopped.add(each);
      }
      ended.add(
          handedOver.handle(
              (end, failure) -> {
                if (failure == null) {
                  ready.add(new Leaving(each, move(each, end, target.applyAsInt(each))));
                } else {
                  log.info("not handed over: {}: {}", each, failure.toString());
                }
                return null;
              }));
    }
    // At once, so that no put waits for more, and a partition that comes back to this lane does not
    // share an object with its past.
    CompletableFuture<Void> flushed = flush.get();
    CompletableFuture<Void> durable =
        CompletableFuture.allOf(ended.toArray(CompletableFuture[]::new));
    return within(PATIENCE, durable)
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                stopped.forEach(PartitionLog::keep);
              }
            })
        .thenCompose(
            allDurable -> {
              List<Leaving> all = List.copyOf(ready);
              if (all.isEmpty()) {
                return CompletableFuture.completedFuture(0);
              }
              CompletableFuture<Integer> moved = submitMoves(all);
              if (isExpected && !moved.isCompletedExceptionally()) {
                all.forEach(PartitionHandoff::sendAhead);
              }
              return moved.thenCombine(flushed, (count, put) -> count);
            });
  }

  private static void sendAhead(Leaving leaving) {
    int target = leaving.move().target();
    if (target != MovePartitions.ANY_BROKER) {
      leaving.log().goesTo(target);
    }
  }

  /**
   * They append no more, whatever the answer is. So where one that cannot go has all of them
   * rejected, the others go without it.
   *
   * @return how many went
   */
  private CompletableFuture<Integer> submitMoves(List<Leaving> leaving) {
    List<Move> moves = leaving.stream().map(Leaving::move).toList();
    return submit(new MovePartitions(lane, laneEpoch, moves))
        .thenCompose(
            result -> {
              int count = leaving.size();
              if (!isOneOutOfRange(result)) {
                result.valueOrThrow();
                return CompletableFuture.completedFuture(count);
              }
              if (count > 1) {
                return submitMoves(leaving.subList(0, count / 2))
                    .thenCombine(submitMoves(leaving.subList(count / 2, count)), Integer::sum);
              }
              PartitionLog stranded = leaving.get(0).log();
              log.error("{} can neither go nor be appended to: {}", stranded, result);
              stranded.strand();
              return CompletableFuture.completedFuture(0);
            });
  }

  private static boolean isOneOutOfRange(CommandResult<?> result) {
    return result instanceof CommandResult.Rejected<?> rejected
        && rejected.code() == RejectionCode.OFFSET_OUT_OF_RANGE;
  }

  /**
   * What becomes of {@code durable} later is nobody's business any more.
   *
   * @return fails with {@link PartitionsKeptException}, or where the lane has halted, so that there
   *     is nothing to keep, with that
   */
  private CompletableFuture<Void> within(Duration limit, CompletableFuture<Void> durable) {
    CompletableFuture<Void> inTime = new CompletableFuture<>();
    Scheduler.Cancellable end =
        scheduler.schedule(
            () -> inTime.completeExceptionally(new PartitionsKeptException(limit)), limit);
    waiting.add(inTime);
    if (closed) {
      inTime.completeExceptionally(new IllegalStateException(CLOSED));
    }
    inTime.whenComplete(
        (done, failure) -> {
          waiting.remove(inTime);
          end.cancel();
        });
    durable.whenComplete(
        (done, failure) -> {
          if (failure == null) {
            inTime.complete(null);
          } else {
            Throwable cause = Failures.causeOf(failure);
            inTime.completeExceptionally(
                cause instanceof LaneHaltedException ? cause : new PartitionsKeptException(cause));
          }
        });
    return inTime;
  }

  private static Move move(PartitionLog leaving, long endOffset, int target) {
    return new Move(
        new PartitionId(leaving.id().topicId(), leaving.id().partition()),
        leaving.leaderEpoch(),
        endOffset,
        target);
  }

  /** Until the answer is known: what is submitted twice comes into effect once. */
  private <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    if (closed) {
      return CompletableFuture.failedFuture(new IllegalStateException(CLOSED));
    }
    return metadata
        .submit(command)
        .handle(
            (result, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(result);
              }
              log.warn("no answer yet, asking again: {}", failure.toString());
              return pause().thenCompose(waited -> submit(command));
            })
        .thenCompose(next -> next);
  }

  private CompletableFuture<Void> pause() {
    CompletableFuture<Void> pause = new CompletableFuture<>();
    scheduler.schedule(() -> pause.complete(null), PAUSE);
    return pause;
  }

  /** Submits nothing any more, and keeps what the store has not taken yet. */
  @Override
  public void close() {
    closed = true;
    waiting.forEach(inTime -> inTime.completeExceptionally(new IllegalStateException(CLOSED)));
  }
}
