package io.sediment.lsm.manifest;

import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.ManifestEdit.Role;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What holds between a manifest and the next one, each under a name. Checked by every committer
 * before the compare-and-set: an edit that breaks one could lose data, so it is our own mistake and
 * stops us.
 */
public final class ManifestInvariants {
  /** One invariant. */
  interface Check {
    boolean holds(Manifest base, Manifest next, Role role);
  }

  private static final Map<String, Check> ALL = new LinkedHashMap<>();

  static {
    ALL.put("idsAreDense", (base, next, role) -> next.id() == base.id() + 1);
    ALL.put("onlyOwnFieldsChange", ManifestInvariants::onlyOwnFieldsChange);
    ALL.put("epochsNeverDecrease", (base, next, role) -> epochsNeverDecrease(base, next));
    ALL.put("replayAfterNeverFalls", (base, next, role) -> replayAfterNeverFalls(base, next));
    ALL.put("l0IsInLogOrder", (base, next, role) -> l0IsInLogOrder(next.l0()));
    ALL.put("objectsAreNamedOnce", (base, next, role) -> objectsAreNamedOnce(next.l0()));
    ALL.put("l0GrowsAtTheEnd", (base, next, role) -> l0GrowsAtTheEnd(base, next));
    ALL.put("newObjectsAreAboveTheLowMark", ManifestInvariants::newObjectsAreAboveTheLowMark);
    ALL.put("adoptedSlotsMoveReplayAfter", ManifestInvariants::adoptedSlotsMoveReplayAfter);
    ALL.put("runsKeepTheirOrder", (base, next, role) -> runsKeepTheirOrder(base, next));
    ALL.put("runsAreNamedOnce", (base, next, role) -> runsAreNamedOnce(next.level1().runs()));
    ALL.put("onlyTheOldestOfLevel0BecomeRuns", ManifestInvariants::onlyTheOldestBecomeRuns);
    ALL.put("runsNameWhatIsKept", ManifestInvariants::runsNameWhatIsKept);
    ALL.put("dataComesWithATable", (base, next, role) -> dataComesWithATable(next));
  }

  private ManifestInvariants() {}

  /**
   * @throws IllegalStateException naming the invariant that {@code next} would break
   */
  public static void check(Manifest base, Manifest next, Role role) {
    ALL.forEach(
        (name, check) -> {
          if (!check.holds(base, next, role)) {
            throw new IllegalStateException(
                "manifest edit refused: "
                    + name
                    + " role="
                    + role
                    + " base="
                    + base
                    + " next="
                    + next);
          }
        });
  }

  /**
   * What does not hold between two stored manifests, by name, whichever role has committed the
   * second one; empty where all is well.
   *
   * @param next has the id after {@code base}
   */
  public static List<String> brokenBetween(Manifest base, Manifest next) {
    List<String> fewest = List.of();
    for (Role role : Role.values()) {
      List<String> broken =
          ALL.entrySet().stream()
              .filter(check -> !check.getValue().holds(base, next, role))
              .map(Map.Entry::getKey)
              .toList();
      if (broken.isEmpty()) {
        return broken;
      }
      fewest = fewest.isEmpty() || broken.size() < fewest.size() ? broken : fewest;
    }
    return fewest;
  }

  /**
   * I5: a role changes its own fields only; but the compactor may take objects out of level 0, and
   * the writer runs out of level 1.
   */
  static boolean onlyOwnFieldsChange(Manifest base, Manifest next, Role role) {
    boolean same = base.lane().equals(next.lane());
    if (role == Role.WRITER) {
      return same
          && base.level1().withRuns(next.level1().runs()).equals(next.level1())
          && base.level1().runs().containsAll(next.level1().runs())
          && base.fields().equals(next.fields());
    }
    return same
        && base.term().equals(next.term())
        && base.replayAfter().equals(next.replayAfter())
        && Objects.equals(base.table(), next.table())
        && base.writerLowMark() == next.writerLowMark()
        && new HashSet<>(base.l0()).containsAll(next.l0()); // thousands, in a lane just sealed
  }

  /** I5: neither incarnation nor any role's epoch falls, and one epoch has one writer. */
  static boolean epochsNeverDecrease(Manifest base, Manifest next) {
    boolean sameWriter =
        next.term().epoch() > base.term().epoch() || next.term().equals(base.term());
    return sameWriter
        && next.term().incarnation() >= base.term().incarnation()
        && (next.level1().compactorEpoch() > base.level1().compactorEpoch()
            || (next.level1().compactorEpoch() == base.level1().compactorEpoch()
                && next.level1().compactorId().equals(base.level1().compactorId())));
  }

  /** I10 in part: what was flushed stays flushed, and nobody flushes a future epoch. */
  static boolean replayAfterNeverFalls(Manifest base, Manifest next) {
    return next.replayAfter().compareTo(base.replayAfter()) >= 0
        && next.replayAfter().epoch() <= next.term().epoch();
  }

  /** I8 in shape: L0 objects and adopted WAL objects each stand in ascending order. */
  static boolean l0IsInLogOrder(List<L0Ref> l0) {
    WalSlot lastData = WalSlot.NONE;
    WalSlot lastWal = WalSlot.NONE;
    for (L0Ref ref : l0) {
      WalSlot place = new WalSlot(ref.epoch(), ref.number());
      if (place.compareTo(ref.isAdoptedWal() ? lastWal : lastData) <= 0) {
        return false;
      }
      if (ref.isAdoptedWal()) {
        lastWal = place;
      } else {
        lastData = place;
      }
    }
    return true;
  }

  /** I8 in shape: no object counts twice. */
  static boolean objectsAreNamedOnce(List<L0Ref> l0) {
    Set<String> names = new HashSet<>();
    return l0.stream()
        .allMatch(ref -> names.add(ref.kind() + "/" + ref.epoch() + "/" + ref.number()));
  }

  /** I8 in shape: what stays keeps its place, what is new comes last. */
  static boolean l0GrowsAtTheEnd(Manifest base, Manifest next) {
    Set<L0Ref> old = new HashSet<>(base.l0());
    List<L0Ref> kept = next.l0().stream().filter(old::contains).toList();
    Set<L0Ref> keptSet = new HashSet<>(kept);
    return next.l0().subList(0, kept.size()).equals(kept)
        && base.l0().stream().filter(keptSet::contains).toList().equals(kept);
  }

  /**
   * I6: an object that garbage collection may already have deleted is never named. New data objects
   * are the committer's own, at or above the low mark of its epoch; after the commit the mark is
   * above them.
   */
  static boolean newObjectsAreAboveTheLowMark(Manifest base, Manifest next, Role role) {
    if (role != Role.WRITER) {
      return newRunsAreAboveTheLowMark(base, next); // adds nothing else, see onlyOwnFieldsChange
    }
    boolean sameTerm = base.term().equals(next.term());
    if (sameTerm && next.writerLowMark() < base.writerLowMark()) {
      return false;
    }
    TableRef table = next.table();
    if (table != null && !table.equals(base.table()) && !isFresh(base, next, table)) {
      return false;
    }
    Set<L0Ref> old = new HashSet<>(base.l0());
    for (L0Ref ref : next.l0()) {
      if (!ref.isAdoptedWal() && !old.contains(ref)) {
        boolean fresh =
            ref.epoch() == next.term().epoch()
                && ref.number() >= base.writerLowMark()
                && ref.number() < next.writerLowMark();
        if (!fresh || !sameTerm) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean newRunsAreAboveTheLowMark(Manifest base, Manifest next) {
    Level1 before = base.level1();
    Level1 after = next.level1();
    boolean sameTerm = before.compactorEpoch() == after.compactorEpoch();
    if (sameTerm && after.lowMark() < before.lowMark()) {
      return false;
    }
    return after.runs().stream()
        .filter(run -> before.runs().stream().noneMatch(run::names))
        .allMatch(run -> sameTerm && isFresh(before, after, run.epoch(), run.number()));
  }

  private static boolean isFresh(Level1 before, Level1 after, long epoch, long number) {
    return epoch == after.compactorEpoch()
        && number >= before.lowMark()
        && number < after.lowMark();
  }

  private static boolean isFresh(Manifest base, Manifest next, TableRef table) {
    return base.term().equals(next.term())
        && table.epoch() == next.term().epoch()
        && table.number() >= base.writerLowMark()
        && table.number() < next.writerLowMark();
  }

  /**
   * I10: a commit that adds to level 0 moves {@code replayAfter} past what it adds, else the same
   * batches would count twice; and adopted slots lie between the old and the new one, else they
   * were counted before or will be again.
   */
  static boolean adoptedSlotsMoveReplayAfter(Manifest base, Manifest next, Role role) {
    Set<L0Ref> old = new HashSet<>(base.l0());
    List<L0Ref> added = next.l0().stream().filter(ref -> !old.contains(ref)).toList();
    if (!added.isEmpty() && next.replayAfter().compareTo(base.replayAfter()) <= 0) {
      return false;
    }
    return added.stream()
        .filter(L0Ref::isAdoptedWal)
        .map(L0Ref::slot)
        .allMatch(
            slot ->
                slot.compareTo(base.replayAfter()) > 0 && slot.compareTo(next.replayAfter()) <= 0);
  }

  /** I8 in shape: runs that stay keep their order. */
  static boolean runsKeepTheirOrder(Manifest base, Manifest next) {
    List<RunRef> before = base.level1().runs();
    List<RunRef> after = next.level1().runs();
    return before.stream()
        .filter(after::contains)
        .toList()
        .equals(after.stream().filter(before::contains).toList());
  }

  /** I8 in shape: no run counts twice. */
  static boolean runsAreNamedOnce(List<RunRef> runs) {
    Set<Place> names = new HashSet<>();
    return runs.stream().allMatch(run -> names.add(new Place(run.epoch(), run.number())));
  }

  /** I8 in shape: a run comes before all of level 0, so nothing may stay there that is older. */
  static boolean onlyTheOldestBecomeRuns(Manifest base, Manifest next, Role role) {
    Set<L0Ref> stay = new HashSet<>(next.l0());
    boolean addsRuns =
        next.level1().runs().stream()
            .anyMatch(run -> base.level1().runs().stream().noneMatch(run::names));
    if (role != Role.COMPACTOR || !addsRuns) {
      return true;
    }
    int taken = base.l0().size() - next.l0().size();
    return base.l0().subList(0, taken).stream().noneMatch(stay::contains);
  }

  /**
   * I6: the objects of a new run were written for it, or for the job that the base records, or are
   * named by the base anyway; else garbage collection may have deleted them.
   */
  static boolean runsNameWhatIsKept(Manifest base, Manifest next, Role role) {
    Level1 before = base.level1();
    Set<DataRef> kept = new HashSet<>();
    before.runs().forEach(run -> kept.addAll(run.objects()));
    base.l0().forEach(ref -> kept.add(DataRef.of(ref)));
    if (before.job() != null) {
      kept.addAll(before.job().outputs());
    }
    return Stream.concat(
            next.level1().runs().stream()
                .filter(run -> before.runs().stream().noneMatch(run::names))
                .flatMap(run -> run.objects().stream()),
            next.level1().job() == null ? Stream.of() : next.level1().job().outputs().stream())
        .allMatch(
            object ->
                kept.contains(object)
                    || (object.kind() == SortedObjectKind.L1
                        && isFresh(before, next.level1(), object.epoch(), object.number())));
  }

  /** Opening a lane needs the table for everything in it. */
  static boolean dataComesWithATable(Manifest next) {
    return (next.l0().isEmpty() && next.level1().runs().isEmpty()) || next.table() != null;
  }
}
