package io.sediment.wal.model;

import static io.sediment.wal.model.LaneState.ACKED;
import static io.sediment.wal.model.LaneState.ADOPTED;
import static io.sediment.wal.model.LaneState.COMMITTING;
import static io.sediment.wal.model.LaneState.CONFIRMED;
import static io.sediment.wal.model.LaneState.CONFLICT;
import static io.sediment.wal.model.LaneState.DATA;
import static io.sediment.wal.model.LaneState.DELETED_ID;
import static io.sediment.wal.model.LaneState.EMPTY;
import static io.sediment.wal.model.LaneState.FENCE;
import static io.sediment.wal.model.LaneState.FLUSHED;
import static io.sediment.wal.model.LaneState.GAVE_UP;
import static io.sediment.wal.model.LaneState.HALF_FLUSHED;
import static io.sediment.wal.model.LaneState.IDLE;
import static io.sediment.wal.model.LaneState.NEXT_ID;
import static io.sediment.wal.model.LaneState.NOTHING_SENT;
import static io.sediment.wal.model.LaneState.NOT_COVERED;
import static io.sediment.wal.model.LaneState.OPEN;
import static io.sediment.wal.model.LaneState.PENDING;
import static io.sediment.wal.model.LaneState.RAISING_EPOCH;
import static io.sediment.wal.model.LaneState.SEALERS;
import static io.sediment.wal.model.LaneState.TAKEN_BY_NEWEST;
import static io.sediment.wal.model.LaneState.TAKEN_BY_OLDER;
import static io.sediment.wal.model.LaneState.UNSENT;
import static io.sediment.wal.model.LaneState.WALKED;
import static io.sediment.wal.model.LaneState.WALKING;
import static io.sediment.wal.model.LaneState.WRITERS;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One lane: its writer of epoch 1, and two sealers that were granted epochs 2 and 3. A sealer
 * raises the manifest's epoch, fences every older epoch, adopts their unflushed objects and becomes
 * the writer of its own epoch, which the other sealer may then seal in turn.
 *
 * <p>Every process may stop for ever at any step, since nobody is forced to take one; so a crash
 * between raising the epoch and fencing is among the runs. A put is a copy on its way: it lands at
 * any later moment or never, and its answer is heard or lost. An answer that comes late is the same
 * as one that is heard at once and acted upon late, so it needs no state of its own. The same holds
 * for manifest puts, whose ids are kept only as their standing to the newest one: next, taken, or
 * taken and deleted again, when a create succeeds that means nothing any more.
 *
 * <p>Collection of WAL objects and of manifests happens at any moment, without an age.
 */
final class LaneProtocol implements StateMachine {
  private static final int SENDS_MAX = 2;

  private static final int SEND = 1;
  private static final int SEND_AGAIN = 2;
  private static final int LAND_UNHEARD = 3;
  private static final int LAND_HEARD = 4;
  private static final int READ_BACK = 5;
  private static final int ACK = 6;
  private static final int START_FLUSH = 7;
  private static final int FLUSH_LANDS = 8;
  private static final int COLLECT_AS_WRITER = 9;
  private static final int COLLECT_SLOT = 10;
  private static final int COLLECT_MANIFESTS = 11;
  private static final int START_RAISE = 12;
  private static final int RAISE_LANDS = 13;
  private static final int WALK = 14;
  private static final int SEND_LATE_FENCE = 15;
  private static final int LATE_FENCE_LANDS = 16;
  private static final int START_ADOPT = 17;
  private static final int ADOPT_LANDS = 18;
  private static final int REWRITE = 19;

  private final Bounds bounds;
  private final int[] slotsOf;
  private final Set<Weakness> weaknesses;
  private final LaneState now;
  private final LaneState next;
  private final long[] packed = new long[LaneState.WORDS];

  /**
   * How large a machine to walk.
   *
   * @param slotsOfFirst slots that the writer of epoch 1 may fill
   * @param slotsOfSecond slots that the first sealer may fill once it is open
   * @param putsInFlight D
   * @param retries how many slots, counted from the first, may be sent twice
   * @param sealers 1 or 2
   * @param lateFences whether a sealer's fence may land long after it was sent again
   */
  record Bounds(
      int slotsOfFirst,
      int slotsOfSecond,
      int putsInFlight,
      int retries,
      int sealers,
      boolean lateFences) {}

  LaneProtocol(Bounds bounds, Set<Weakness> weaknesses) {
    this.bounds = bounds;
    this.weaknesses = weaknesses;
    this.slotsOf = new int[] {0, bounds.slotsOfFirst, bounds.slotsOfSecond};
    this.now = new LaneState(slotsOf);
    this.next = new LaneState(slotsOf);
  }

  @Override
  public int words() {
    return LaneState.WORDS;
  }

  @Override
  public void initial(long[] state) {
    LaneState first = new LaneState(slotsOf);
    first.manifestEpoch = 1;
    first.replayEpoch = 1;
    first.store(state);
  }

  private boolean is(Weakness weakness) {
    return weaknesses.contains(weakness);
  }

  // -- the properties
  // ------------------------------------------------------------------------------

  @Override
  public @Nullable String violation(long[] state) {
    now.load(state);
    for (int epoch = 1; epoch <= WRITERS; epoch++) {
      for (int seq = 1; seq <= slotsOf[epoch]; seq++) {
        int covered = now.covered[epoch][seq];
        String name = epoch + "/" + seq;
        if (covered == ADOPTED && now.slot[epoch][seq] != DATA) {
          return "live object deleted: " + name + " is listed in the manifest and gone";
        }
        if (covered != NOT_COVERED && isAboveReplayPoint(now, epoch, seq)) {
          return "covered twice: " + name + " is in an L0 and will be replayed";
        }
        if (covered != NOT_COVERED && seq > 1 && now.covered[epoch][seq - 1] == NOT_COVERED) {
          return "hole in the log: " + name + " is listed and the slot before it is not";
        }
        if (now.view[epoch][seq] == ACKED && !isReadable(epoch, seq)) {
          return "lost write: " + name + " was acknowledged and cannot be found";
        }
      }
    }
    return null;
  }

  private boolean isReadable(int epoch, int seq) {
    if (now.covered[epoch][seq] == FLUSHED || now.covered[epoch][seq] == ADOPTED) {
      return true;
    }
    if (!isAboveReplayPoint(now, epoch, seq)) {
      return false;
    }
    int first = now.replayEpoch == epoch ? now.replaySeq + 1 : 1;
    for (int before = first; before <= seq; before++) {
      if (now.slot[epoch][before] != DATA) {
        return false;
      }
    }
    return true;
  }

  private static boolean isAboveReplayPoint(LaneState s, int epoch, int seq) {
    return epoch > s.replayEpoch || (epoch == s.replayEpoch && seq > s.replaySeq);
  }

  // -- the steps
  // -----------------------------------------------------------------------------------

  /** One step: what it does to a copy of the present state. */
  private void step(long[] state, Steps steps, int action, int who, int seq, Runnable change) {
    next.load(state);
    change.run();
    next.store(packed);
    steps.to(action << 8 | who << 4 | seq, packed);
  }

  @Override
  public void successors(long[] state, Steps steps) {
    now.load(state);
    for (int epoch = 1; epoch <= WRITERS; epoch++) {
      boolean open = epoch == 1 || now.phase[epoch] == OPEN;
      for (int seq = 1; seq <= slotsOf[epoch]; seq++) {
        if (now.copies[epoch][seq] > 0) {
          land(state, steps, epoch, seq);
        }
        if (open && !now.halted[epoch]) {
          write(state, steps, epoch, seq);
        }
        collect(state, steps, epoch, seq);
      }
      collect(state, steps, epoch, slotsOf[epoch] + 1);
      if (open && !now.halted[epoch]) {
        flush(state, steps, epoch);
      }
    }
    collectManifests(state, steps);
    for (int sealer = 2; sealer < 2 + bounds.sealers; sealer++) {
      seal(state, steps, sealer);
    }
  }

  private void write(long[] state, Steps steps, int epoch, int seq) {
    int view = now.view[epoch][seq];
    if (view == UNSENT
        && (seq == 1 || now.view[epoch][seq - 1] != UNSENT)
        && unacked(epoch) < bounds.putsInFlight) {
      step(
          state,
          steps,
          SEND,
          epoch,
          seq,
          () -> {
            next.view[epoch][seq] = PENDING;
            next.sends[epoch][seq] = 1;
            next.copies[epoch][seq] = 1;
          });
    }
    if (view == PENDING && now.sends[epoch][seq] < SENDS_MAX && seq <= bounds.retries) {
      step(
          state,
          steps,
          SEND_AGAIN,
          epoch,
          seq,
          () -> {
            next.sends[epoch][seq]++;
            next.copies[epoch][seq]++;
          });
    }
    if (view == PENDING || view == CONFLICT) {
      step(
          state,
          steps,
          READ_BACK,
          epoch,
          seq,
          () -> {
            switch (now.slot[epoch][seq]) {
              case DATA -> next.view[epoch][seq] = CONFIRMED;
              case FENCE -> next.halted[epoch] = true;
              default -> next.view[epoch][seq] = PENDING;
            }
          });
    }
    boolean inOrder = seq == 1 || now.view[epoch][seq - 1] == ACKED;
    if (view == CONFIRMED && (inOrder || is(Weakness.ACK_OUT_OF_ORDER))) {
      step(state, steps, ACK, epoch, seq, () -> next.view[epoch][seq] = ACKED);
    }
  }

  private int unacked(int epoch) {
    int unacked = 0;
    for (int seq = 1; seq <= slotsOf[epoch]; seq++) {
      int view = now.view[epoch][seq];
      unacked += view != UNSENT && view != ACKED ? 1 : 0;
    }
    return unacked;
  }

  private void land(long[] state, Steps steps, int epoch, int seq) {
    boolean created = now.slot[epoch][seq] == EMPTY;
    step(state, steps, LAND_UNHEARD, epoch, seq, () -> landed(epoch, seq, created));
    int view = now.view[epoch][seq];
    boolean waits = view == PENDING || view == CONFLICT;
    if (waits && !now.halted[epoch]) {
      step(
          state,
          steps,
          LAND_HEARD,
          epoch,
          seq,
          () -> {
            landed(epoch, seq, created);
            boolean success = created || is(Weakness.CONFLICT_TAKEN_FOR_SUCCESS);
            next.view[epoch][seq] = success ? CONFIRMED : CONFLICT;
          });
    }
  }

  private void landed(int epoch, int seq, boolean created) {
    next.copies[epoch][seq]--;
    if (created) {
      next.slot[epoch][seq] = DATA;
    }
  }

  /** The writer flushes what is acknowledged, cut at a slot. */
  private void flush(long[] state, Steps steps, int epoch) {
    int acked = 0;
    while (acked < slotsOf[epoch] && now.view[epoch][acked + 1] == ACKED) {
      acked++;
    }
    int cut = acked;
    boolean mine = now.manifestEpoch == epoch || is(Weakness.MANIFEST_EPOCH_UNCHECKED);
    boolean news = cut > now.flushedTo[epoch] && now.flushId[epoch] == NOTHING_SENT;
    if (news && mine && now.covered[epoch][cut] != FLUSHED) {
      step(
          state,
          steps,
          START_FLUSH,
          epoch,
          cut,
          () -> {
            next.flushId[epoch] = NEXT_ID;
            next.flushCut[epoch] = cut;
          });
    }
    if (now.flushId[epoch] != NOTHING_SENT) {
      step(state, steps, FLUSH_LANDS, epoch, now.flushCut[epoch], () -> flushLands(epoch));
    }
  }

  private void flushLands(int epoch) {
    int cut = now.flushCut[epoch];
    boolean believed = now.flushId[epoch] == NEXT_ID;
    if (believed) {
      committed();
      for (int seq = 1; seq <= cut; seq++) {
        next.covered[epoch][seq] = FLUSHED;
      }
      if (is(Weakness.L0_CUT_OFF_SLOT_BOUNDARY)) {
        next.covered[epoch][cut] = HALF_FLUSHED;
      }
      next.replayEpoch = epoch;
      next.replaySeq = cut;
    }
    if (now.flushId[epoch] == DELETED_ID && is(Weakness.BOUNDARY_UNCHECKED)) {
      believed = true;
    }
    if (believed) {
      next.flushedTo[epoch] = cut;
    }
    next.flushId[epoch] = NOTHING_SENT;
    next.flushCut[epoch] = 0;
  }

  /** A manifest was committed: every other put under way stands further back. */
  private void committed() {
    for (int epoch = 1; epoch <= WRITERS; epoch++) {
      next.flushId[epoch] = olderId(next.flushId[epoch]);
    }
    for (int sealer = 2; sealer < 2 + SEALERS; sealer++) {
      next.commitId[sealer] = olderId(next.commitId[sealer]);
    }
  }

  private static int olderId(int id) {
    return id == NEXT_ID ? TAKEN_BY_NEWEST : id == TAKEN_BY_NEWEST ? TAKEN_BY_OLDER : id;
  }

  private void collect(long[] state, Steps steps, int epoch, int seq) {
    int content = now.slot[epoch][seq];
    boolean inRange = seq <= slotsOf[epoch];
    if (content == DATA && inRange && seq <= now.flushedTo[epoch]) {
      step(state, steps, COLLECT_AS_WRITER, epoch, seq, () -> next.slot[epoch][seq] = EMPTY);
    }
    if (isAboveReplayPoint(now, epoch, seq)) {
      return;
    }
    boolean referenced =
        inRange && now.covered[epoch][seq] == ADOPTED && !is(Weakness.ADOPTED_OBJECTS_COLLECTED);
    boolean collectable = content == FENCE ? is(Weakness.FENCE_DELETED) : content == DATA;
    if (collectable && !referenced) {
      step(state, steps, COLLECT_SLOT, epoch, seq, () -> next.slot[epoch][seq] = EMPTY);
    }
  }

  private void collectManifests(long[] state, Steps steps) {
    step(
        state,
        steps,
        COLLECT_MANIFESTS,
        0,
        0,
        () -> {
          for (int epoch = 1; epoch <= WRITERS; epoch++) {
            next.flushId[epoch] = deletedId(next.flushId[epoch]);
          }
          for (int sealer = 2; sealer < 2 + SEALERS; sealer++) {
            next.commitId[sealer] = deletedId(next.commitId[sealer]);
          }
        });
  }

  private static int deletedId(int id) {
    return id == TAKEN_BY_OLDER ? DELETED_ID : id;
  }

  private void seal(long[] state, Steps steps, int sealer) {
    if (now.lateFenceEpoch[sealer] != 0) {
      step(state, steps, LATE_FENCE_LANDS, sealer, 0, () -> lateFenceLands(sealer));
    }
    boolean fencesFirst = is(Weakness.WAL_FENCED_BEFORE_MANIFEST);
    switch (now.phase[sealer]) {
      case IDLE -> {
        if (now.manifestEpoch < sealer) {
          step(
              state,
              steps,
              START_RAISE,
              sealer,
              0,
              () -> {
                if (fencesFirst) {
                  beginWalk(sealer);
                } else {
                  startRaise(sealer);
                }
              });
        }
      }
      case RAISING_EPOCH ->
          step(state, steps, RAISE_LANDS, sealer, 0, () -> raiseLands(sealer, fencesFirst));
      case WALKING -> walk(state, steps, sealer);
      case WALKED ->
          step(state, steps, START_ADOPT, sealer, 0, () -> startAdopt(sealer, fencesFirst));
      case COMMITTING -> step(state, steps, ADOPT_LANDS, sealer, 0, () -> adoptLands(sealer));
      case OPEN -> rewrite(state, steps, sealer);
      default -> {}
    }
  }

  private void startRaise(int sealer) {
    next.phase[sealer] = RAISING_EPOCH;
    next.commitId[sealer] = NEXT_ID;
  }

  private void raiseLands(int sealer, boolean walkedBefore) {
    int id = now.commitId[sealer];
    next.commitId[sealer] = NOTHING_SENT;
    boolean believed = id == DELETED_ID && is(Weakness.BOUNDARY_UNCHECKED);
    if (id == NEXT_ID) {
      committed();
      next.manifestEpoch = sealer;
      believed = true;
    }
    if (!believed) {
      next.phase[sealer] = walkedBefore ? WALKED : IDLE;
    } else if (walkedBefore) {
      next.phase[sealer] = WALKED;
    } else {
      beginWalk(sealer);
    }
  }

  private void beginWalk(int sealer) {
    if (now.replayEpoch >= sealer) {
      // A raise that was wrongly believed: everything below is sealed by somebody else.
      next.phase[sealer] = WALKED;
      return;
    }
    next.phase[sealer] = WALKING;
    next.walkEpoch[sealer] = now.replayEpoch;
    next.walkSeq[sealer] = now.replaySeq + 1;
    if (is(Weakness.ONLY_NEWEST_EPOCH_SEALED) && now.replayEpoch < sealer - 1) {
      next.walkEpoch[sealer] = sealer - 1;
      next.walkSeq[sealer] = 1;
    }
  }

  private void walk(long[] state, Steps steps, int sealer) {
    int epoch = now.walkEpoch[sealer];
    int seq = now.walkSeq[sealer];
    step(
        state,
        steps,
        WALK,
        sealer,
        0,
        () -> {
          if (now.slot[epoch][seq] == DATA) {
            next.walkSeq[sealer]++;
            return;
          }
          next.slot[epoch][seq] = FENCE;
          int end = seq - 1;
          for (int beyond = seq + 1; beyond <= slotsOf[epoch]; beyond++) {
            if (is(Weakness.READ_BY_PRESENCE) && now.slot[epoch][beyond] == DATA) {
              end = beyond;
            }
          }
          next.sealedAt[sealer][epoch] = end;
          boolean last = epoch + 1 == sealer;
          next.walkEpoch[sealer] = last ? 0 : epoch + 1;
          next.walkSeq[sealer] = last ? 0 : 1;
          next.phase[sealer] = last ? WALKED : WALKING;
        });
    if (bounds.lateFences && now.slot[epoch][seq] == EMPTY && now.lateFenceEpoch[sealer] == 0) {
      step(
          state,
          steps,
          SEND_LATE_FENCE,
          sealer,
          seq,
          () -> {
            next.lateFenceEpoch[sealer] = epoch;
            next.lateFenceSeq[sealer] = seq;
          });
    }
  }

  private void lateFenceLands(int sealer) {
    int epoch = now.lateFenceEpoch[sealer];
    int seq = now.lateFenceSeq[sealer];
    if (now.slot[epoch][seq] == EMPTY) {
      next.slot[epoch][seq] = FENCE;
    }
    next.lateFenceEpoch[sealer] = 0;
    next.lateFenceSeq[sealer] = 0;
  }

  private void startAdopt(int sealer, boolean fencesFirst) {
    if (fencesFirst && now.manifestEpoch < sealer) {
      startRaise(sealer);
    } else if (now.manifestEpoch != sealer) {
      next.phase[sealer] = GAVE_UP;
    } else {
      next.phase[sealer] = COMMITTING;
      next.commitId[sealer] = NEXT_ID;
    }
  }

  private void adoptLands(int sealer) {
    int id = now.commitId[sealer];
    next.commitId[sealer] = NOTHING_SENT;
    if (id == DELETED_ID && is(Weakness.BOUNDARY_UNCHECKED)) {
      next.phase[sealer] = OPEN;
      return;
    }
    if (id != NEXT_ID) {
      // Somebody committed since: itself no more, so it was a higher epoch, or one to rebase onto.
      next.phase[sealer] = WALKED;
      return;
    }
    committed();
    for (int epoch = 1; epoch < sealer; epoch++) {
      for (int seq = 1; seq <= now.sealedAt[sealer][epoch]; seq++) {
        if (isAboveReplayPoint(now, epoch, seq)
            && (now.slot[epoch][seq] == DATA || !is(Weakness.READ_BY_PRESENCE))) {
          next.covered[epoch][seq] = ADOPTED;
        }
      }
    }
    next.replayEpoch = sealer;
    next.replaySeq = 0;
    next.phase[sealer] = OPEN;
  }

  /** Compaction by the present owner: what was adopted is copied, and may then be collected. */
  private void rewrite(long[] state, Steps steps, int sealer) {
    if (now.manifestEpoch != sealer || !hasAdopted()) {
      return;
    }
    step(
        state,
        steps,
        REWRITE,
        sealer,
        0,
        () -> {
          committed();
          for (int epoch = 1; epoch <= WRITERS; epoch++) {
            for (int seq = 1; seq <= slotsOf[epoch]; seq++) {
              if (now.covered[epoch][seq] == ADOPTED) {
                next.covered[epoch][seq] = FLUSHED;
              }
            }
          }
        });
  }

  private boolean hasAdopted() {
    for (int epoch = 1; epoch <= WRITERS; epoch++) {
      for (int seq = 1; seq <= slotsOf[epoch]; seq++) {
        if (now.covered[epoch][seq] == ADOPTED) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public String describe(int action) {
    int who = action >> 4 & 15;
    int seq = action & 15;
    String slot = who + "/" + seq;
    return switch (action >> 8) {
      case SEND -> "send " + slot;
      case SEND_AGAIN -> "send " + slot + " again";
      case LAND_UNHEARD -> "put " + slot + " lands unheard";
      case LAND_HEARD -> "put " + slot + " lands and answers";
      case READ_BACK -> "read back " + slot;
      case ACK -> "ack " + slot;
      case START_FLUSH -> "writer " + who + " sends a manifest with L0 up to " + slot;
      case FLUSH_LANDS -> "manifest with L0 up to " + slot + " lands";
      case COLLECT_AS_WRITER -> "writer " + who + " collects " + slot;
      case COLLECT_SLOT -> "collect " + slot;
      case COLLECT_MANIFESTS -> "collect old manifests";
      case START_RAISE -> "sealer " + who + " begins";
      case RAISE_LANDS -> "manifest with epoch " + who + " lands";
      case WALK -> "sealer " + who + " looks at the next slot, fences a gap";
      case SEND_LATE_FENCE -> "sealer " + who + " sends a fence that will be late";
      case LATE_FENCE_LANDS -> "late fence of sealer " + who + " lands";
      case START_ADOPT -> "sealer " + who + " reads the manifest again and goes on";
      case ADOPT_LANDS -> "manifest with what sealer " + who + " adopted lands";
      case REWRITE -> "owner " + who + " compacts what was adopted";
      default -> throw new IllegalArgumentException("action: " + action);
    };
  }
}
