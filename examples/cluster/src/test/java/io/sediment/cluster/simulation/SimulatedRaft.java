package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.ClusterCrashPoint.Moment;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The log of a metadata group of several brokers, as Raft keeps it: one leader in each term, a
 * committed entry stays, every member applies the same entries in order, each in its own time. What
 * a leader proposed and nobody has acknowledged when another one is elected is in the log or is
 * not, as chance has it; its proposer hears nothing. Now and then nobody leads for a while, since
 * votes were split, or the leader takes no commands, since it wants another one to lead who then
 * does not.
 *
 * <p>How the members agree is Apache Ratis's business and not simulated; what they do with the log
 * is the real thing, see {@link RaftMember}.
 */
final class SimulatedRaft {
  private static final int TRANSIT_NANOS_MAX = 3_000_000;
  private static final int REPLICATION_NANOS_MAX = 8_000_000;
  private static final Duration ELECTION_LOOK = Duration.ofMillis(150);
  private static final Duration ATTEMPT_TIMEOUT = Duration.ofMillis(500);

  /** After which a leader answers in any case. */
  static final Duration PATIENCE = ATTEMPT_TIMEOUT.dividedBy(2);

  private static final Duration RETRY_PAUSE = Duration.ofMillis(50);

  /** An entry of the log; {@code proposal} is null for those of former leaders. */
  record Entry(long term, long index, byte[] command, @Nullable Proposal proposal) {}

  /** A command on its way into the log, which it enters once, however often it is sent. */
  static final class Proposal {
    private final RaftMember from;
    private final byte[] command;
    private final CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    private @Nullable RaftMember arrivedAt; // and is in the log, or about to be

    private Proposal(RaftMember from, byte[] command) {
      this.from = from;
      this.command = command;
    }
  }

  /** Told of each moment of a command's way. It may crash anybody. */
  interface Observer {
    void on(Moment moment, byte[] command, RaftMember leader, RaftMember from);
  }

  private final Simulation simulation;
  private final SplittableRandom random;
  private final BucketStart.Started started;
  private final List<RaftMember> members = new ArrayList<>();
  private final List<Entry> log = new ArrayList<>();
  private final List<Proposal> replicating = new ArrayList<>();
  private Observer observer = (moment, command, led, from) -> {};
  private final List<Proposal> undecided = new ArrayList<>(); // since nobody leads
  private @Nullable RaftMember leader;
  private @Nullable RaftMember passing; // leadership, in vain
  private boolean votesAreSplit;
  private long term;
  private long ledTerm; // that of the last leader
  private long elections;
  private long splitVotes;
  private long failedPasses;

  SimulatedRaft(Simulation simulation, BucketStart.Started started) {
    this.simulation = simulation;
    this.random = simulation.random("raft");
    this.started = started;
    this.term = started.exported().term();
    this.ledTerm = term;
    simulation.world().schedule(this::watch, ELECTION_LOOK);
  }

  BucketStart.Started started() {
    return started;
  }

  void observe(Observer told) {
    observer = told;
  }

  long elections() {
    return elections;
  }

  /** Times without a leader that had one. */
  long splitVotes() {
    return splitVotes;
  }

  /** Times in which a leader took no commands. */
  long failedPasses() {
    return failedPasses;
  }

  void join(RaftMember member) {
    members.add(member);
    deliver(member);
    member.process().schedule(member::follow, transit()); // who leads, if anybody does
  }

  /** The entry behind {@code index}; null while there is none. */
  @Nullable Entry after(long index) {
    int at = (int) (index - started.exported().index());
    return at < log.size() ? log.get(at) : null;
  }

  private long lastIndex() {
    return started.exported().index() + log.size();
  }

  // -- elections ---------------------------------------------------------------------------------

  private void watch() {
    simulation.world().schedule(this::watch, ELECTION_LOOK);
    RaftMember known = leader;
    if (!votesAreSplit && (known == null || !known.process().isUp()) && random.nextInt(3) == 0) {
      elect();
    }
  }

  /** Another member leads from now on, if there is one; the old one hears of it later. */
  void elect() {
    List<RaftMember> up =
        members.stream().filter(member -> member.process().isUp() && member.hears()).toList();
    if (up.isEmpty()) {
      return;
    }
    RaftMember next = up.get(random.nextInt(up.size()));
    RaftMember old = leader;
    passing = null;
    votesAreSplit = false;
    List<Proposal> open = new ArrayList<>(undecided);
    open.addAll(replicating);
    undecided.clear();
    replicating.clear();
    for (Proposal proposal : open) {
      switch (random.nextInt(3)) {
        case 0 -> {
          proposal.arrivedAt = null;
          proposal.from.process().schedule(() -> send(proposal), RETRY_PAUSE);
        }
        case 1 -> append(new Entry(ledTerm, lastIndex() + 1, proposal.command, null));
        default -> {
          proposal.arrivedAt = next; // which answers when it is asked again
          append(new Entry(ledTerm, lastIndex() + 1, proposal.command, proposal));
        }
      }
    }
    term++;
    ledTerm = term;
    elections++;
    leader = next;
    simulation.world().trace("term " + term + " is led by " + next.process());
    for (RaftMember each : members) {
      if (each != next) {
        each.process().schedule(each::follow, transit());
      }
    }
    long readyIndex = lastIndex();
    long nextTerm = term;
    next.process().execute(() -> next.leadFrom(nextTerm, readyIndex));
  }

  /**
   * Nobody leads for {@code length} or until somebody is elected all the same. The old leader hears
   * of it; what it had proposed is undecided until then.
   */
  void electNobody(Duration length) {
    RaftMember old = leader;
    if (old == null) {
      return;
    }
    splitVotes++;
    simulation.world().trace("nobody wins an election for " + length);
    leader = null;
    passing = null;
    votesAreSplit = true;
    undecided.addAll(replicating);
    replicating.clear();
    old.process().schedule(old::follow, transit());
    long lostTerm = ++term;
    simulation.world().schedule(() -> votesAreSplit &= term != lostTerm, length);
  }

  /** The leader takes no commands, since it waits for another one to lead; then it leads on. */
  void failToPass(Duration length) {
    RaftMember known = leader;
    if (known == null || passing != null) {
      return;
    }
    failedPasses++;
    simulation.world().trace(known.process() + " passes leadership on in vain for " + length);
    passing = known;
    long passedIn = term;
    simulation
        .world()
        .schedule(
            () -> {
              if (term == passedIn) {
                passing = null;
              }
            },
            length);
  }

  boolean isLedBy(RaftMember member, long inTerm) {
    return leader == member && term == inTerm;
  }

  boolean isLedBy(RaftMember member) {
    return leader == member;
  }

  /** Of the image that the leader has published; -1 where nobody leads. */
  long versionOfLeader() {
    RaftMember known = leader;
    return known != null && known.leads() && known.process().isUp() ? known.image().version() : -1;
  }

  // -- the log -----------------------------------------------------------------------------------

  /** Takes a command to whoever leads, however often it has to be asked for. */
  CompletableFuture<ByteBuffer> propose(RaftMember from, byte[] command) {
    Proposal proposal = new Proposal(from, command);
    send(proposal);
    return proposal.answer;
  }

  /** On the thread of the proposer. */
  private void send(Proposal proposal) {
    RaftMember to = leader;
    if (to != null) {
      to.process().schedule(() -> arrive(proposal, to), transit());
    }
    proposal
        .from
        .process()
        .schedule(
            () -> {
              if (proposal.arrivedAt == null && !proposal.answer.isDone()) {
                send(proposal);
              }
            },
            to == null ? RETRY_PAUSE : ATTEMPT_TIMEOUT);
  }

  private void arrive(Proposal proposal, RaftMember at) {
    if (proposal.arrivedAt == null && leader == at && at.leads() && passing != at) {
      proposal.arrivedAt = at;
      replicating.add(proposal);
      simulation.world().schedule(() -> commit(proposal), delay(REPLICATION_NANOS_MAX));
      tell(Moment.PROPOSED, proposal);
    }
  }

  private void commit(Proposal proposal) {
    if (replicating.remove(proposal)) {
      append(new Entry(term, lastIndex() + 1, proposal.command, proposal));
      tell(Moment.COMMITTED, proposal);
    }
  }

  private void tell(Moment moment, Proposal proposal) {
    RaftMember at = proposal.arrivedAt;
    if (at != null) {
      observer.on(moment, proposal.command, at, proposal.from);
    }
  }

  private void append(Entry entry) {
    log.add(entry);
    members.removeIf(member -> member.process().isCrashed());
    members.forEach(this::deliver);
  }

  private void deliver(RaftMember member) {
    if (member.hears()) {
      member.process().schedule(member::applyCommitted, transit());
    }
  }

  /**
   * Nothing of the log arrives at a member for a while, which does not lead meanwhile. What it
   * sends arrives, and is answered: so it is for a broker without a vote that nobody reaches.
   */
  void deafen(RaftMember member, Duration length) {
    if (!member.hears()) {
      return;
    }
    member.hearsNothing(true);
    simulation.world().trace(member.process() + " hears nothing of the log for " + length);
    if (leader == member) {
      elect();
    }
    simulation.world().schedule(() -> hearsAgain(member), length);
  }

  /** Members that hear nothing do now, and an election has a winner. */
  void heal() {
    passing = null;
    votesAreSplit = false;
    List.copyOf(members).forEach(this::hearsAgain);
  }

  private void hearsAgain(RaftMember member) {
    if (!member.hears()) {
      member.hearsNothing(false);
      deliver(member);
    }
  }

  /** By the member that proposed it, once it has applied it. */
  void answer(Entry entry, RaftMember by, CompletableFuture<byte[]> applied) {
    Proposal proposal = entry.proposal();
    if (proposal == null || proposal.arrivedAt != by) {
      return;
    }
    tell(Moment.APPLIED, proposal);
    if (by.process().isCrashed()) {
      return;
    }
    applied.whenComplete(
        (bytes, failure) ->
            proposal
                .from
                .process()
                .schedule(
                    () -> {
                      tell(Moment.ANSWERED, proposal);
                      if (proposal.from.process().isCrashed()) {
                        return;
                      }
                      if (failure == null) {
                        proposal.answer.complete(ByteBuffer.wrap(bytes));
                      } else {
                        proposal.answer.completeExceptionally(failure);
                      }
                    },
                    transit()));
  }

  // -- heartbeats --------------------------------------------------------------------------------

  /** Heard by a member that leads, as a majority has said since. */
  CompletableFuture<HeartbeatReply> heartbeat(RaftMember from, Heartbeat heartbeat) {
    CompletableFuture<HeartbeatReply> answer = new CompletableFuture<>();
    RaftMember to = leader;
    if (to == null) {
      answer.completeExceptionally(new MetadataUnavailableException("no leader"));
      return answer;
    }
    SimScheduler back = from.process();
    to.process()
        .schedule(
            () -> {
              if (leader != to) {
                back.execute(
                    () ->
                        answer.completeExceptionally(
                            new MetadataUnavailableException("leads no longer")));
                return;
              }
              HeartbeatReply reply = to.hear(heartbeat);
              back.schedule(() -> answer.complete(reply), transit());
            },
            transit());
    return answer;
  }

  // -- what the bucket holds ---------------------------------------------------------------------

  /** Answered by a member that leads, and by nobody where that one dies. */
  CompletableFuture<Long> exportedAfter(RaftMember from, long index) {
    CompletableFuture<Long> answer = new CompletableFuture<>();
    RaftMember to = leader;
    SimScheduler back = from.process();
    if (to == null) {
      answer.completeExceptionally(new MetadataUnavailableException("no leader"));
      return answer;
    }
    back.schedule(
        () -> answer.completeExceptionally(new MetadataUnavailableException("no answer")),
        ATTEMPT_TIMEOUT);
    to.process()
        .schedule(
            () ->
                to.exportedAfter(index)
                    .thenAccept(
                        exported -> back.schedule(() -> answer.complete(exported), transit())),
            transit());
    return answer;
  }

  private Duration transit() {
    return delay(TRANSIT_NANOS_MAX);
  }

  private Duration delay(int nanosMax) {
    return Duration.ofNanos(random.nextInt(nanosMax));
  }
}
