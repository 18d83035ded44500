package io.sediment.lsm.manifest;

import io.sediment.lsm.WalSlot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A change of the manifest, independent of the manifest it meets: when somebody else's commit came
 * first, the same edit is applied to the newer one.
 */
public sealed interface ManifestEdit {
  /** Whose fields it changes. */
  Role role();

  /**
   * The manifest after this change, with id and commit id still those of {@code base}; empty where
   * {@code base} has the change already.
   *
   * @throws LaneFencedException if this edit comes too late: under an older epoch or incarnation,
   *     or another process's
   */
  Optional<Manifest> applyTo(Manifest base);

  /** Who may change what, see {@link ManifestInvariants#onlyOwnFieldsChange}. */
  enum Role {
    WRITER,
    COMPACTOR
  }

  /**
   * Makes {@code term} the writer's: from the commit on, nobody can commit under an older one. The
   * first step of opening and of sealing a lane.
   */
  record ClaimEpoch(WriterTerm term) implements ManifestEdit {
    @Override
    public Role role() {
      return Role.WRITER;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      if (base.term().equals(term)) {
        return Optional.empty();
      }
      if (base.term().epoch() >= term.epoch() || base.term().incarnation() > term.incarnation()) {
        throw fenced(base, term);
      }
      return Optional.of(base.withTerm(term));
    }
  }

  /**
   * Publishes a flushed memtable: all batches of the slots after the base's {@code replayAfter} up
   * to and including the new one (invariant I10).
   */
  record AddL0(WriterTerm term, L0Ref object, TableRef table, WalSlot replayAfter)
      implements ManifestEdit {
    @Override
    public Role role() {
      return Role.WRITER;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      checkTerm(base, term);
      if (table.equals(base.table())) {
        return Optional.empty();
      }
      long lowMark = Math.max(object.number(), table.number()) + 1;
      return Optional.of(base.withLog(base.l0Plus(List.of(object)), replayAfter, table, lowMark));
    }
  }

  /**
   * Makes the WAL objects of sealed epochs part of level 0, as they are.
   *
   * @param objects all objects after the base's {@code replayAfter} and before the fences, in slot
   *     order; may be none
   * @param table null where there was nothing to adopt
   * @param replayAfter {@code (term.epoch, 0)} when every older epoch was sealed
   */
  record AdoptSealed(
      WriterTerm term, List<L0Ref> objects, @Nullable TableRef table, WalSlot replayAfter)
      implements ManifestEdit {
    public AdoptSealed {
      objects = List.copyOf(objects);
    }

    @Override
    public Role role() {
      return Role.WRITER;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      checkTerm(base, term);
      if (base.replayAfter().equals(replayAfter)) {
        return Optional.empty();
      }
      TableRef newTable = table == null ? base.table() : table;
      long lowMark = table == null ? base.writerLowMark() : table.number() + 1;
      return Optional.of(base.withLog(base.l0Plus(objects), replayAfter, newTable, lowMark));
    }
  }

  /**
   * Takes objects out of level 0 and runs out of level 1 that hold nothing at or above any log
   * start offset.
   *
   * @param objects those that are not there (any more) are left alone
   * @param runs the same
   * @param table null where it stays
   */
  record DropObjects(
      WriterTerm term, List<L0Ref> objects, List<RunRef> runs, @Nullable TableRef table)
      implements ManifestEdit {
    public DropObjects {
      objects = List.copyOf(objects);
      runs = List.copyOf(runs);
    }

    @Override
    public Role role() {
      return Role.WRITER;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      checkTerm(base, term);
      Manifest kept = without(base, objects, runs);
      TableRef newTable = table == null ? base.table() : table;
      if (kept.equals(base) && (table == null || table.equals(base.table()))) {
        return Optional.empty();
      }
      long lowMark = table == null ? base.writerLowMark() : table.number() + 1;
      return Optional.of(kept.withLog(kept.l0(), base.replayAfter(), newTable, lowMark));
    }
  }

  /**
   * Makes level 1 the compactor's with this id, under the next epoch: from the commit on, nobody
   * can commit under an older one.
   */
  record ClaimCompactor(long incarnation, UUID compactorId) implements ManifestEdit {
    @Override
    public Role role() {
      return Role.COMPACTOR;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      if (base.level1().compactorId().equals(compactorId)) {
        return Optional.empty();
      }
      if (base.term().incarnation() > incarnation) {
        throw new CompactorFencedException(
            "lane=" + base.lane() + " belongs to " + base.term() + ", not to " + incarnation);
      }
      return Optional.of(base.withLevel1(base.level1().claimedBy(compactorId)));
    }
  }

  /**
   * Records how far a compaction has come.
   *
   * @param job null where none is under way any more
   * @param nextNumber above all that were used so far, at or below those still being written
   */
  record RecordProgress(CompactorTerm term, @Nullable JobProgress job, long nextNumber)
      implements ManifestEdit {
    @Override
    public Role role() {
      return Role.COMPACTOR;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      checkTerm(base, term);
      Level1 next = base.level1().withJob(job, nextNumber);
      return next.equals(base.level1()) ? Optional.empty() : Optional.of(base.withLevel1(next));
    }
  }

  /**
   * Publishes what a compaction has made in place of what it was made from. Ends the job that was
   * recorded.
   *
   * @param runs of level 1 that are replaced
   * @param l0 the oldest objects of level 0, which are replaced as well
   * @param results in the order they shall stand in; none where nothing was alive any more
   * @param nextNumber above all that were used
   */
  record ReplaceWithRuns(
      CompactorTerm term, List<RunRef> runs, List<L0Ref> l0, List<RunRef> results, long nextNumber)
      implements ManifestEdit {
    public ReplaceWithRuns {
      runs = List.copyOf(runs);
      l0 = List.copyOf(l0);
      results = List.copyOf(results);
      if (runs.isEmpty() && l0.isEmpty()) {
        throw new IllegalArgumentException("compaction without sources");
      }
    }

    @Override
    public Role role() {
      return Role.COMPACTOR;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      checkTerm(base, term);
      List<RunRef> before = base.level1().runs();
      if (!results.isEmpty() && before.stream().anyMatch(results.get(0)::names)) {
        return Optional.empty();
      }
      boolean allThere =
          runs.stream().allMatch(run -> before.stream().anyMatch(run::names))
              && l0.stream().allMatch(ref -> base.l0().stream().anyMatch(ref::names));
      if (!allThere) {
        throw new StaleSourcesException(
            "lane=" + base.lane() + " manifest=" + base.id() + " lacks a source of " + results);
      }
      Manifest kept = without(base, l0, List.of());
      List<RunRef> placed = covering(base);
      // What comes from level 0 is newer than every run there is.
      List<RunRef> after =
          l0.isEmpty()
              ? base.level1().replaced(runs, placed)
              : plus(base.level1().without(runs).runs(), placed);
      return Optional.of(kept.withLevel1(base.level1().withRuns(after).withJob(null, nextNumber)));
    }

    /** The results, with the flushed objects that they stand for between them. */
    private List<RunRef> covering(Manifest base) {
      Place upTo = Place.NONE;
      @Nullable Place after = null;
      for (RunRef run : runs) {
        upTo = Place.max(upTo, run.coversUpTo());
        after = after == null ? run.coversAfter() : Place.min(after, run.coversAfter());
      }
      Place beforeL0 = Place.NONE;
      for (RunRef run : base.level1().runs()) {
        beforeL0 = Place.max(beforeL0, run.coversUpTo());
      }
      for (L0Ref ref : l0) {
        if (!ref.isAdoptedWal()) {
          upTo = Place.max(upTo, new Place(ref.epoch(), ref.number()));
          after = after == null ? beforeL0 : Place.min(after, beforeL0);
        }
      }
      Place from = after == null ? upTo : after;
      Place to = upTo;
      return results.stream().map(run -> run.covering(from, to)).toList();
    }

    private static List<RunRef> plus(List<RunRef> runs, List<RunRef> more) {
      List<RunRef> all = new ArrayList<>(runs);
      all.addAll(more);
      return all;
    }
  }

  private static Manifest without(Manifest base, List<L0Ref> objects, List<RunRef> runs) {
    List<L0Ref> kept =
        base.l0().stream().filter(ref -> objects.stream().noneMatch(ref::names)).toList();
    return base.with(kept, runs.isEmpty() ? base.level1() : base.level1().without(runs));
  }

  private static void checkTerm(Manifest base, CompactorTerm term) {
    if (!term.owns(base.level1()) || base.term().incarnation() > term.incarnation()) {
      throw new CompactorFencedException(
          "lane="
              + base.lane()
              + " manifest="
              + base.id()
              + " level 1 belongs to compactorEpoch="
              + base.level1().compactorEpoch()
              + " compactorId="
              + base.level1().compactorId()
              + " under "
              + base.term()
              + ", not to "
              + term);
    }
  }

  private static void checkTerm(Manifest base, WriterTerm term) {
    if (base.term().equals(term)) {
      return;
    }
    if (base.term().epoch() >= term.epoch() || base.term().incarnation() > term.incarnation()) {
      throw fenced(base, term);
    }
    throw new IllegalStateException(
        "commit under a term that was never claimed: " + term + " manifest has " + base.term());
  }

  private static LaneFencedException fenced(Manifest base, WriterTerm term) {
    return new LaneFencedException(
        "lane="
            + base.lane()
            + " manifest="
            + base.id()
            + " belongs to "
            + base.term()
            + ", not to "
            + term,
        base.term());
  }
}
