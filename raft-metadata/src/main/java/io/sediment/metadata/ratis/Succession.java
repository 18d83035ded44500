package io.sediment.metadata.ratis;

import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has another voter lead instead of this member, which does and is about to leave.
 *
 * <p>Ratis lets every committed entry be followed by one that says so. A successor that stands for
 * election before it has that one is voted down by whoever has it, and the group is without a
 * leader until somebody's patience ends: so it is asked when it has the whole log, and the log ends
 * with such an entry.
 *
 * <p>Each voter is asked once. While one is asked, Ratis refuses writes: for half a lease, after
 * which it gives up; but where the request cannot even be sent it refuses them, and every further
 * request, until somebody is elected. Those fail at once then, so that all have been asked soon,
 * and this member can leave.
 *
 * <p>Who was silent for a while is not asked, but counts as somebody to ask yet: where processors
 * are busy, one heartbeat that is late is enough to be silent. Thread-safe; nothing here blocks.
 */
final class Succession {
  private static final Logger LOG = LoggerFactory.getLogger(Succession.class);

  /** A member that was not heard for so long may be gone; heartbeats are twice as frequent. */
  private static final int HEARD_PARTS_OF_LEASE = 5;

  /** Whoever is there leads within milliseconds; a lease may be minutes, and nobody there. */
  private static final Duration PATIENCE_MAX = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(2);

  /** What comes of an attempt. */
  enum Outcome {
    PASSED,

    /** Another attempt may come off: others are there to ask, or may be heard again. */
    FAILED,

    /** Every other voter was asked, if there are any. */
    NOBODY_LEFT
  }

  private final RaftServer.Division division;
  private final BiFunction<RaftPeerId, Duration, ? extends CompletableFuture<?>> pass;
  private final Supplier<MetadataImage> image;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Duration heardMax;
  private final Duration patience;
  private final Set<RaftPeerId> asked = ConcurrentHashMap.newKeySet();

  /**
   * @param pass asks a voter to lead; fails where it did not come to in a time
   * @param lease after which the others would have elected somebody by themselves
   */
  Succession(
      RaftServer.Division division,
      BiFunction<RaftPeerId, Duration, ? extends CompletableFuture<?>> pass,
      Supplier<MetadataImage> image,
      Scheduler scheduler,
      Ticker ticker,
      Duration lease) {
    this.division = division;
    this.pass = pass;
    this.image = image;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.heardMax = lease.dividedBy(HEARD_PARTS_OF_LEASE);
    this.patience = lease.compareTo(PATIENCE_MAX) < 0 ? lease : PATIENCE_MAX;
  }

  /** Whether it is worth to wait until the others are a majority without this member. */
  boolean canOthersBeMajority() {
    try {
      return Departure.isPossible(QuorumReport.of(division), heardMax);
    } catch (MetadataUnavailableException e) {
      // Leads no longer, or the group changes: somebody may know better.
      return true;
    }
  }

  /**
   * Asks a voter that was not asked before; one whose broker hands over all that it has, and is
   * about to leave, too, only where no other is there. Fails at once where all of them are silent,
   * as an outcome: the future does not fail. Takes a lease or {@link #PATIENCE_MAX} at most,
   * whichever is shorter.
   */
  CompletableFuture<Outcome> attempt() {
    Attempt attempt = new Attempt();
    // Ratis waits on where the successor does not answer.
    scheduler.schedule(
        () ->
            attempt.passed.completeExceptionally(
                new MetadataUnavailableException("nobody leads after " + patience)),
        patience);
    attempt.proceed();
    return attempt.passed.handle(
        (next, failure) -> {
          if (failure != null) {
            LOG.info("nobody was told to lead the metadata group: {}", failure.toString());
            return Outcome.FAILED;
          }
          next.ifPresent(id -> LOG.info("{} leads the metadata group from now on", id));
          return next.isPresent() ? Outcome.PASSED : Outcome.NOBODY_LEFT;
        });
  }

  private boolean leaves(RaftPeerId member) {
    int broker = QuorumReport.broker(member);
    return image.get().lanes().values().stream()
        .anyMatch(lane -> lane.owner() == broker && lane.state() == Lane.State.DRAINING);
  }

  private boolean wereAllAsked() {
    return division.getRaftConf().getCurrentPeers().stream()
        .map(RaftPeer::getId)
        .allMatch(voter -> voter.equals(division.getId()) || asked.contains(voter));
  }

  /** One voter is asked. */
  private final class Attempt {
    private final long waitsUntil = ticker.nanoTime() + patience.dividedBy(2).toNanos();

    /** Who leads now; empty where all were asked before. */
    private final CompletableFuture<Optional<RaftPeerId>> passed = new CompletableFuture<>();

    void proceed() {
      try {
        Optional<RaftPeerId> next =
            QuorumReport.successor(division, heardMax, asked, Succession.this::leaves);
        if (next.isEmpty() && wereAllAsked()) {
          passed.complete(next);
        } else if (next.isEmpty()) {
          passed.completeExceptionally(
              new MetadataUnavailableException("silent, who was not asked before"));
        } else if (hasAll(next.get()) || ticker.nanoTime() - waitsUntil > 0) {
          ask(next.get());
        } else {
          scheduler.schedule(this::proceed, PAUSE);
        }
      } catch (IOException | RuntimeException e) {
        passed.completeExceptionally(e); // such as that the group is being closed
      }
    }

    private void ask(RaftPeerId next) {
      asked.add(next);
      pass.apply(next, patience.dividedBy(2))
          .whenComplete(
              (reply, failure) -> {
                if (failure == null) {
                  passed.complete(Optional.of(next));
                } else {
                  passed.completeExceptionally(failure);
                }
              });
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
