package io.sediment.lsm.manifest;

import io.sediment.lsm.WalSlot;
import java.util.List;
import java.util.Optional;
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
   * Takes objects out of level 0 that hold nothing at or above any log start offset.
   *
   * @param objects those that are not there (any more) are left alone
   * @param table null where it stays
   */
  record DropObjects(WriterTerm term, List<L0Ref> objects, @Nullable TableRef table)
      implements ManifestEdit {
    public DropObjects {
      objects = List.copyOf(objects);
    }

    @Override
    public Role role() {
      return Role.WRITER;
    }

    @Override
    public Optional<Manifest> applyTo(Manifest base) {
      checkTerm(base, term);
      List<L0Ref> kept =
          base.l0().stream().filter(ref -> objects.stream().noneMatch(ref::names)).toList();
      TableRef newTable = table == null ? base.table() : table;
      if (kept.size() == base.l0().size() && (table == null || table.equals(base.table()))) {
        return Optional.empty();
      }
      long lowMark = table == null ? base.writerLowMark() : table.number() + 1;
      return Optional.of(base.withLog(kept, base.replayAfter(), newTable, lowMark));
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
