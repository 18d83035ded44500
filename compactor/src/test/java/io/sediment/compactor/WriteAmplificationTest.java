package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.RunRef;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the policy writes below the log per byte produced, with the sizes a broker has by default:
 * three times as long as a steady lane keeps its records, a day or more, minute by minute.
 */
class WriteAmplificationTest {
  private static final int FLUSH_BYTES = 8 << 20;
  private static final int RETENTION_CHECK_MINUTES = 5;

  /** What was flushed at one time. */
  private record Piece(int minute, long bytes) {}

  private final LayeredCompaction policy = new LayeredCompaction(CompactionOptions.DEFAULT);
  private final List<Piece> l0 = new ArrayList<>();
  private final Map<Long, List<Piece>> runs = new LinkedHashMap<>();
  private int retentionMinutes = 24 * 60;
  private int minute;
  private int logStart;
  private long nextRun;
  private long flushed;
  private long compacted;
  private double deadShareMost;
  private int runsMost;

  private void live(long bytesPerMinute) {
    int objects = (int) ((bytesPerMinute + FLUSH_BYTES - 1) / FLUSH_BYTES);
    for (minute = 0; minute < 3 * retentionMinutes; minute++) {
      for (int i = 0; i < objects; i++) {
        l0.add(new Piece(minute, bytesPerMinute / objects));
        flushed += bytesPerMinute / objects;
      }
      if (minute % RETENTION_CHECK_MINUTES == 0) {
        logStart = minute - retentionMinutes;
        l0.removeIf(piece -> piece.minute < logStart);
      }
      for (Optional<CompactionPlan> plan = plan(); plan.isPresent(); plan = plan()) {
        carryOut(plan.get());
      }
      runsMost = Math.max(runsMost, runs.size());
      if (minute > 2 * retentionMinutes) {
        long stored = runs.values().stream().mapToLong(WriteAmplificationTest::bytes).sum();
        long dead = stored - runs.values().stream().mapToLong(run -> bytes(alive(run))).sum();
        deadShareMost = Math.max(deadShareMost, (double) dead / stored);
      }
    }
  }

  private Optional<CompactionPlan> plan() {
    List<LsmShape.Run> drawn = new ArrayList<>();
    runs.forEach(
        (number, pieces) -> {
          int soon = minute - retentionMinutes + retentionMinutes / 4;
          List<Piece> alive = alive(pieces);
          drawn.add(
              new LsmShape.Run(
                  Shapes.run(number, bytes(pieces)),
                  bytes(alive),
                  bytes(alive.stream().filter(piece -> piece.minute >= soon).toList())));
        });
    List<L0Ref> refs = new ArrayList<>();
    for (Piece piece : l0) {
      refs.add(Shapes.l0(refs.size() + 1, piece.bytes));
    }
    return policy.plan(new LsmShape(new LaneId(0), drawn, refs, false));
  }

  private void carryOut(CompactionPlan plan) {
    List<Piece> result = new ArrayList<>();
    for (RunRef run : plan.runs()) {
      result.addAll(alive(runs.remove(run.number())));
    }
    List<Piece> clustered = l0.subList(0, plan.l0().size());
    result.addAll(alive(clustered));
    clustered.clear();
    compacted += bytes(result);
    if (!result.isEmpty()) {
      runs.put(++nextRun, byMinute(result));
    }
  }

  /** As many pieces as minutes, however large the lane. */
  private static List<Piece> byMinute(List<Piece> pieces) {
    Map<Integer, Long> bytes = new LinkedHashMap<>();
    pieces.forEach(piece -> bytes.merge(piece.minute, piece.bytes, Long::sum));
    return bytes.entrySet().stream().map(e -> new Piece(e.getKey(), e.getValue())).toList();
  }

  private List<Piece> alive(List<Piece> pieces) {
    return pieces.isEmpty() || pieces.get(0).minute >= logStart
        ? pieces
        : pieces.stream().filter(piece -> piece.minute >= logStart).toList();
  }

  private static long bytes(List<Piece> pieces) {
    long bytes = 0;
    for (Piece piece : pieces) {
      bytes += piece.bytes;
    }
    return bytes;
  }

  private double amplification() {
    return (double) (flushed + compacted) / flushed;
  }

  @ParameterizedTest(name = "KB/s={0}")
  @ValueSource(ints = {10, 30, 100, 1_000, 3_000})
  void aSteadyLaneWritesEverythingTwice(int kilobytesPerSecond) {
    live(kilobytesPerSecond * 60L << 10);
    assertThat(amplification()).isBetween(1.9, 2.0);
    assertThat(deadShareMost).as("of what is stored").isLessThan(0.05);
  }

  /** Its runs are small and stay as they are, until there are very many of them. */
  @ParameterizedTest(name = "KB/minute={0}")
  @ValueSource(ints = {5, 60})
  void aQuietLaneDoesSo(int kilobytesPerMinute) {
    live((long) kilobytesPerMinute << 10);
    assertThat(amplification()).isBetween(1.9, 2.0);
    assertThat(runsMost).isLessThan(CompactionOptions.DEFAULT.runsJoined());
  }

  /** What is kept for longer than it takes to gather them is written once more. */
  @Test
  void aVeryQuietLaneThatKeepsItsDataJoinsItsRunsOnce() {
    retentionMinutes = 8 * 24 * 60;
    live(5 << 10);
    assertThat(amplification()).isBetween(2.0, 3.0);
    assertThat(runsMost).isBetween(256, 2 * 256);
  }

  /**
   * A year of a lane that loses nothing, a run for each clustering: how many are left, and how
   * often what is in them was written.
   */
  @ParameterizedTest(name = "KB/minute={0}")
  @CsvSource({"5, 4", "60, 3", "600, 3", "6000, 3"})
  void aLaneThatKeepsItsDataForYearsHasFewRuns(int kilobytesPerMinute, double amplificationMost) {
    long clustered = CompactionOptions.DEFAULT.l0ObjectsMin() * ((long) kilobytesPerMinute << 10);
    List<LsmShape.Run> kept = new ArrayList<>();
    for (int run = 1; run <= 365 * 24 * 60 / CompactionOptions.DEFAULT.l0ObjectsMin(); run++) {
      kept.add(lasting(++nextRun, clustered));
      flushed += clustered;
      compacted += clustered;
      for (Optional<CompactionPlan> plan = planOf(kept); plan.isPresent(); plan = planOf(kept)) {
        int at = indexOf(kept, plan.get().runs().get(0));
        List<LsmShape.Run> joined = kept.subList(at, at + plan.get().runs().size());
        assertThat(joined.stream().map(LsmShape.Run::ref).toList()).isEqualTo(plan.get().runs());
        long bytes = joined.stream().mapToLong(LsmShape.Run::liveBytes).sum();
        joined.clear();
        kept.add(at, lasting(++nextRun, bytes));
        compacted += bytes;
      }
      runsMost = Math.max(runsMost, kept.size());
    }
    int largest = (int) (flushed / CompactionOptions.DEFAULT.l0BytesMax());
    assertThat(runsMost)
        .isBetween(256, Math.max(LayeredCompaction.RUNS_MANY, largest * 11 / 10) + 256);
    assertThat(amplification()).isLessThanOrEqualTo(amplificationMost);
  }

  private Optional<CompactionPlan> planOf(List<LsmShape.Run> kept) {
    return policy.plan(new LsmShape(new LaneId(0), kept, List.of(), false));
  }

  private static int indexOf(List<LsmShape.Run> kept, RunRef run) {
    int at = 0;
    while (!kept.get(at).ref().equals(run)) {
      at++;
    }
    return at;
  }

  private static LsmShape.Run lasting(long number, long bytes) {
    return new LsmShape.Run(Shapes.run(number, bytes), bytes, bytes);
  }

  /** Joining them would leave as many. */
  @Test
  void runsOfManyClassesStayAsTheyAre() {
    List<LsmShape.Run> kept = new ArrayList<>();
    for (int run = 1; run <= 2 * LayeredCompaction.RUNS_MANY; run++) {
      RunRef ref = Shapes.run(run, 2 << 20);
      kept.add(new LsmShape.Run(ofClass(ref, run % 64), ref.dataBytes(), ref.dataBytes()));
    }
    assertThat(planOf(kept)).isEmpty();
  }

  private static RunRef ofClass(RunRef run, int retentionClass) {
    return new RunRef(
        run.epoch(),
        run.number(),
        run.length(),
        run.checksum(),
        retentionClass,
        run.partitionCount(),
        run.dataBytes(),
        run.maxTimestamp(),
        run.coversAfter(),
        run.coversUpTo(),
        run.changesEpoch(),
        run.objects());
  }
}
