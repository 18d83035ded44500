package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataQuorum.Member;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Has a voter that leads pass that on, and stay until the others are a majority by themselves:
 * until whoever leads now has heard so many of them that it needs this one no more.
 *
 * <p>It may have to be passed on more than once: the next one does not come to lead in time where
 * processors are busy, or is about to leave, too, and passes it back; and who is silent now may be
 * heard, and asked, a moment later.
 *
 * <p>A leader that was elected a moment ago may take long to reach a member for the first time, as
 * where its processors are busy. It grants no leases while no majority answers, and gives up
 * leading; with the one that leaves it has its majority from the beginning. Thread-safe; nothing
 * here blocks.
 */
final class Departure {
  /** Whoever is there answers within milliseconds; a lease may be minutes, and nobody there. */
  private static final Duration PATIENCE_MAX = Duration.ofSeconds(10);

  /** To pass the lead on, and to have the next one hear the others. */
  private static final int PATIENCE_LEASES = 2;

  private static final Duration PAUSE = Duration.ofMillis(10);

  /** Writes that were refused while a voter was asked are sent again meanwhile. */
  private static final Duration PAUSE_AFTER_FAILURE = LeaderRequests.PAUSE.multipliedBy(2);

  private final int leaving;
  private final BooleanSupplier leads;
  private final Supplier<CompletableFuture<Succession.Outcome>> pass;
  private final Supplier<CompletableFuture<MetadataQuorum>> quorum;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final long waitsUntil;
  private final CompletableFuture<Boolean> done = new CompletableFuture<>();

  private Departure(
      int leaving,
      BooleanSupplier leads,
      Supplier<CompletableFuture<Succession.Outcome>> pass,
      Supplier<CompletableFuture<MetadataQuorum>> quorum,
      Scheduler scheduler,
      Ticker ticker,
      Duration patience) {
    this.leaving = leaving;
    this.leads = leads;
    this.pass = pass;
    this.quorum = quorum;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.waitsUntil = ticker.nanoTime() + patience.toNanos();
  }

  /**
   * @param leaving broker id of the voter that is about to leave
   * @param leads whether it leads
   * @param pass has another one lead instead; does not fail
   * @param quorum asks whoever leads
   * @param lease this takes two of them, or {@link #PATIENCE_MAX} where that is shorter
   * @return whether the others are a majority; not so at once where it leads and every other voter
   *     was asked; does not fail
   */
  static CompletableFuture<Boolean> whenDispensable(
      int leaving,
      BooleanSupplier leads,
      Supplier<CompletableFuture<Succession.Outcome>> pass,
      Supplier<CompletableFuture<MetadataQuorum>> quorum,
      Scheduler scheduler,
      Ticker ticker,
      Duration lease) {
    Duration leases = lease.multipliedBy(PATIENCE_LEASES);
    Duration patience = leases.compareTo(PATIENCE_MAX) < 0 ? leases : PATIENCE_MAX;
    Departure departure = new Departure(leaving, leads, pass, quorum, scheduler, ticker, patience);
    // An answer may take longer than this waits.
    scheduler.schedule(() -> departure.done.complete(false), patience);
    departure.proceed();
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

  private void proceed() {
    if (leads.getAsBoolean()) {
      pass.get().thenAccept(this::onAttempted);
    } else {
      asked()
          .whenComplete(
              (answer, failure) -> {
                if (failure == null && isMajorityWithout(answer)) {
                  done.complete(true);
                } else {
                  later(PAUSE);
                }
              });
    }
  }

  private void onAttempted(Succession.Outcome outcome) {
    switch (outcome) {
      case PASSED -> later(PAUSE);
      case FAILED -> later(PAUSE_AFTER_FAILURE);
      case NOBODY_LEFT -> done.complete(false);
    }
  }

  private void later(Duration pause) {
    if (!done.isDone() && ticker.nanoTime() - waitsUntil < 0) {
      scheduler.schedule(this::proceed, pause);
    }
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
