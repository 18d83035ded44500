package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;

/**
 * Has another voter lead instead of this member, which does and is about to leave.
 *
 * <p>Ratis lets every committed entry be followed by one that says so. A successor that stands for
 * election before it has that one is voted down by whoever has it, and the group is without a
 * leader until somebody's patience ends: so it is asked when it has the whole log, and the log ends
 * with such an entry. Thread-safe; nothing here blocks.
 */
final class Succession {
  /** A member that was not heard for so long may be gone; heartbeats are twice as frequent. */
  static final int HEARD_PARTS_OF_LEASE = 5;

  /** Whoever is there leads within milliseconds; a lease may be minutes, and nobody there. */
  private static final Duration PATIENCE_MAX = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(2);

  private final RaftServer.Division division;
  private final LeaderRequests requests;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Set<RaftPeerId> asked;
  private final Predicate<RaftPeerId> unwanted;
  private final Duration heardMax;
  private final Duration patience;
  private final long waitsUntil;
  private final CompletableFuture<Optional<RaftPeerId>> passed = new CompletableFuture<>();

  private Succession(
      RaftServer.Division division,
      LeaderRequests requests,
      Scheduler scheduler,
      Ticker ticker,
      Set<RaftPeerId> asked,
      Predicate<RaftPeerId> leaves,
      Duration lease) {
    this.division = division;
    this.requests = requests;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.asked = asked;
    this.unwanted = next -> asked.contains(next) || leaves.test(next);
    this.heardMax = lease.dividedBy(HEARD_PARTS_OF_LEASE);
    this.patience = lease.compareTo(PATIENCE_MAX) < 0 ? lease : PATIENCE_MAX;
    this.waitsUntil = ticker.nanoTime() + patience.dividedBy(2).toNanos();
  }

  /**
   * @param asked who was asked before, is not asked again unless nobody else is there; added to
   * @param leaves who is about to leave, too; likewise
   * @param lease after which the others would have elected somebody by themselves
   * @return who leads now; empty where no other voter is there; fails where that one did not come
   *     to lead within a lease or {@link #PATIENCE_MAX}, whichever is shorter
   */
  static CompletableFuture<Optional<RaftPeerId>> pass(
      RaftServer.Division division,
      LeaderRequests requests,
      Scheduler scheduler,
      Ticker ticker,
      Set<RaftPeerId> asked,
      Predicate<RaftPeerId> leaves,
      Duration lease) {
    Succession succession =
        new Succession(division, requests, scheduler, ticker, asked, leaves, lease);
    // Ratis waits on where the successor does not answer.
    scheduler.schedule(
        () ->
            succession.passed.completeExceptionally(
                new MetadataUnavailableException("nobody leads after " + succession.patience)),
        succession.patience);
    succession.attempt();
    return succession.passed;
  }

  private void attempt() {
    try {
      Optional<RaftPeerId> next = QuorumReport.successor(division, heardMax, unwanted);
      if (next.isEmpty()) {
        passed.complete(next);
      } else if (hasAll(next.get()) || ticker.nanoTime() - waitsUntil > 0) {
        asked.add(next.get());
        requests
            .pass(next.get(), patience.dividedBy(2))
            .whenComplete(
                (reply, failure) -> {
                  if (failure == null) {
                    passed.complete(next);
                  } else {
                    passed.completeExceptionally(failure);
                  }
                });
      } else {
        scheduler.schedule(this::attempt, PAUSE);
      }
    } catch (IOException | RuntimeException e) {
      passed.completeExceptionally(e); // such as that the group is being closed
    }
  }

  private boolean hasAll(RaftPeerId next) throws IOException {
    RaftLog log = division.getRaftLog();
    long last = log.getNextIndex() - 1;
    LogEntryProto entry = log.get(last); // null where the log was purged up to there
    boolean saysWhatIsCommitted = last == 0 || (entry != null && entry.hasMetadataEntry());
    return saysWhatIsCommitted && QuorumReport.lastIndexOf(division, next) == last;
  }
}
