package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataQuorum.Member;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Has a voter that led stay until the others are a majority by themselves: until whoever leads now
 * has heard so many of them that it needs this one no more.
 *
 * <p>A leader that was elected a moment ago may take long to reach a member for the first time, as
 * where its processors are busy. It grants no leases while no majority answers, and gives up
 * leading; with the one that leaves it has its majority from the beginning. Thread-safe; nothing
 * here blocks.
 */
final class Departure {
  /** Whoever is there answers within milliseconds; a lease may be minutes, and nobody there. */
  private static final Duration PATIENCE_MAX = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(10);

  private final int leaving;
  private final Supplier<CompletableFuture<MetadataQuorum>> quorum;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final long waitsUntil;
  private final CompletableFuture<Boolean> done = new CompletableFuture<>();

  private Departure(
      int leaving,
      Supplier<CompletableFuture<MetadataQuorum>> quorum,
      Scheduler scheduler,
      Ticker ticker,
      Duration patience) {
    this.leaving = leaving;
    this.quorum = quorum;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.waitsUntil = ticker.nanoTime() + patience.toNanos();
  }

  /**
   * @param leaving broker id of the voter that is about to leave
   * @param quorum asks whoever leads
   * @param lease how long this waits, or {@link #PATIENCE_MAX} where that is shorter
   * @return whether the others are a majority; does not fail
   */
  static CompletableFuture<Boolean> whenDispensable(
      int leaving,
      Supplier<CompletableFuture<MetadataQuorum>> quorum,
      Scheduler scheduler,
      Ticker ticker,
      Duration lease) {
    Duration patience = lease.compareTo(PATIENCE_MAX) < 0 ? lease : PATIENCE_MAX;
    Departure departure = new Departure(leaving, quorum, scheduler, ticker, patience);
    // An answer may take longer than this waits.
    scheduler.schedule(() -> departure.done.complete(false), patience);
    departure.ask();
    return departure.done;
  }

  /**
   * Whether it is worth to wait for that.
   *
   * @param led what the voter that leaves knows while it leads
   * @param heardMax whoever was silent for longer may be gone
   */
  static boolean isPossible(MetadataQuorum led, Duration heardMax) {
    return isMajority(
        led,
        member -> member.broker() != led.leader() && member.silentFor().compareTo(heardMax) <= 0);
  }

  private void ask() {
    asked()
        .whenComplete(
            (answer, failure) -> {
              if (failure == null && isMajorityWithout(answer)) {
                done.complete(true);
              } else if (!done.isDone() && ticker.nanoTime() - waitsUntil < 0) {
                scheduler.schedule(this::ask, PAUSE);
              }
            });
  }

  private CompletableFuture<MetadataQuorum> asked() {
    try {
      return quorum.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e); // such as that the group is being closed
    }
  }

  /** What is committed, everybody has that the leader has heard in its term. */
  private boolean isMajorityWithout(MetadataQuorum answer) {
    return answer.leader() != leaving
        && isMajority(
            answer,
            member -> member.broker() != leaving && member.lastIndex() >= answer.committedIndex());
  }

  private static boolean isMajority(MetadataQuorum quorum, Predicate<Member> counts) {
    List<Member> voters = quorum.members().stream().filter(Member::votes).toList();
    return voters.stream().filter(counts).count() > voters.size() / 2;
  }
}
