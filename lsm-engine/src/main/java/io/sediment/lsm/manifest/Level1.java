package io.sediment.lsm.manifest;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The part of the manifest that is the compactor's. Immutable.
 *
 * @param compactorEpoch fencing term; 0 while there was no compactor
 * @param compactorId who has that epoch
 * @param lowMark no object of {@code compactorEpoch} with a lower number is still being written
 * @param runs in the order of the log, oldest first: of one partition, all offsets in a run are
 *     below those in later runs, and those below level 0
 * @param job what is under way; null where nothing is
 */
public record Level1(
    long compactorEpoch,
    UUID compactorId,
    long lowMark,
    List<RunRef> runs,
    @Nullable JobProgress job) {
  public static final Level1 NONE = new Level1(0, new UUID(0, 0), 0, List.of(), null);

  public Level1 {
    runs = List.copyOf(runs);
    if (compactorEpoch < 0 || lowMark < 0) {
      throw new IllegalArgumentException(
          "level 1: compactorEpoch=" + compactorEpoch + " lowMark=" + lowMark);
    }
  }

  /** Bytes of all blocks in all runs. */
  public long dataBytes() {
    return runs.stream().mapToLong(RunRef::dataBytes).sum();
  }

  Level1 claimedBy(UUID newId) {
    return new Level1(compactorEpoch + 1, newId, 0, runs, job);
  }

  Level1 withJob(@Nullable JobProgress newJob, long newLowMark) {
    return new Level1(compactorEpoch, compactorId, newLowMark, runs, newJob);
  }

  Level1 withRuns(List<RunRef> newRuns) {
    return new Level1(compactorEpoch, compactorId, lowMark, newRuns, job);
  }

  Level1 without(List<RunRef> dropped) {
    return withRuns(runs.stream().filter(run -> dropped.stream().noneMatch(run::names)).toList());
  }

  /**
   * The newer runs stand where the last of the older ones stood; at the end where there is none.
   */
  List<RunRef> replaced(List<RunRef> older, List<RunRef> newer) {
    List<RunRef> result = new ArrayList<>();
    int left = older.size();
    for (RunRef run : runs) {
      if (older.stream().noneMatch(run::names)) {
        result.add(run);
      } else if (--left == 0) {
        result.addAll(newer);
      }
    }
    if (older.isEmpty()) {
      result.addAll(newer);
    }
    return result;
  }
}
