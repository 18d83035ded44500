package io.sediment.compactor;

import io.sediment.compactor.CompactionPlan.Reason;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.RunRef;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One wide step from level 0 to level 1, then nothing any more, unless runs are half dead, or many
 * and small, or very many.
 *
 * <p>Runs of one partition are disjoint in any case, so merging never makes a read correct, only
 * cheaper: it is worth it once, when a partition's data lies in so many pieces that reading it back
 * would cost a request for each. See {@code compactor/README.md} for the arithmetic.
 */
public final class LayeredCompaction implements CompactionPolicy {
  /** From here on what each commit writes about runs is worth joining larger ones. */
  static final int RUNS_MANY = 1024;

  /** Of each retention class: so many runs become one, or they stay. */
  private static final int RUNS_FOR_ONE = 8;

  /** The largest of neighbours that are joined is at most so many times the smallest. */
  private static final int ALIKE_TIMES = 4;

  private final CompactionOptions options;

  public LayeredCompaction(CompactionOptions options) {
    this.options = options;
  }

  @Override
  public Optional<CompactionPlan> plan(LsmShape shape) {
    return cluster(shape).or(() -> evacuate(shape)).or(() -> join(shape)).or(() -> thin(shape));
  }

  private Optional<CompactionPlan> cluster(LsmShape shape) {
    int min = shape.isSealed() ? 1 : options.l0ObjectsMin();
    if (shape.l0().size() < min) {
      return Optional.empty();
    }
    List<L0Ref> sources = new ArrayList<>();
    long bytes = 0;
    long sections = 0;
    for (L0Ref ref : shape.l0()) {
      bytes += ref.dataBytes();
      sections += ref.partitionCount();
      boolean isTooMuch =
          sources.size() >= options.l0ObjectsMax()
              || bytes > options.l0BytesMax()
              || sections > options.sectionsMax();
      if (!sources.isEmpty() && isTooMuch) {
        break;
      }
      sources.add(ref);
    }
    return Optional.of(new CompactionPlan(Reason.CLUSTER, List.of(), sources));
  }

  /** Where time lets most of what is left go before long, the run goes as a whole then. */
  private static Optional<CompactionPlan> evacuate(LsmShape shape) {
    return shape.runs().stream()
        .filter(run -> run.liveBytes() < run.ref().storedBytes() / 2)
        .filter(run -> run.liveBytes() < run.ref().dataBytes()) // else rewriting gains nothing
        .filter(run -> run.liveBytes() / 2 <= run.lastingBytes())
        .findFirst()
        .map(run -> new CompactionPlan(Reason.EVACUATE, List.of(run.ref()), List.of()));
  }

  /**
   * The first neighbours that are small, as many of them as there are indexes to hold. Every join
   * writes its runs once more, so it waits for many of them, and leaves alone what it has made.
   */
  private Optional<CompactionPlan> join(LsmShape shape) {
    List<RunRef> small = new ArrayList<>();
    for (LsmShape.Run run : shape.runs()) {
      if (run.ref().dataBytes() > options.smallRunBytesMax()) {
        small.clear();
        continue;
      }
      small.add(run.ref());
      if (small.size() == options.runsJoined()) {
        return Optional.of(new CompactionPlan(Reason.JOIN, withinSections(small), List.of()));
      }
    }
    return Optional.empty();
  }

  /**
   * What is kept for years gathers a run for each clustering, whatever its size, and every manifest
   * names them all: where there are very many, neighbours of about the same size become one, as
   * many as a job may take. So what was joined is far larger than what is to be, and stays.
   */
  private Optional<CompactionPlan> thin(LsmShape shape) {
    if (shape.runs().size() <= RUNS_MANY) {
      return Optional.empty();
    }
    List<RunRef> best = List.of();
    Neighbours next = new Neighbours();
    for (LsmShape.Run run : shape.runs()) {
      if (!next.fits(run.ref())) {
        best = next.betterThan(best);
        next = new Neighbours();
      }
      next.add(run.ref()); // the last ones may become more
    }
    return best.isEmpty()
        ? Optional.empty()
        : Optional.of(new CompactionPlan(Reason.JOIN, best, List.of()));
  }

  /** Runs that one job may take together. */
  private final class Neighbours {
    private final List<RunRef> runs = new ArrayList<>();
    private final Set<Integer> classes = new HashSet<>();
    private long bytes;
    private long sections;
    private long smallest = Long.MAX_VALUE;
    private long largest;

    boolean fits(RunRef run) {
      return runs.size() < options.runsJoined()
          && Math.max(largest, run.dataBytes()) / ALIKE_TIMES <= Math.min(smallest, run.dataBytes())
          && bytes + run.dataBytes() <= options.l0BytesMax()
          && sections + run.partitionCount() <= options.sectionsMax();
    }

    void add(RunRef run) {
      runs.add(run);
      classes.add(run.retentionClass());
      bytes += run.dataBytes();
      sections += run.partitionCount();
      smallest = Math.min(smallest, run.dataBytes());
      largest = Math.max(largest, run.dataBytes());
    }

    List<RunRef> betterThan(List<RunRef> best) {
      boolean isWorthIt = runs.size() >= RUNS_FOR_ONE * classes.size();
      return isWorthIt && runs.size() > best.size() ? runs : best;
    }
  }

  private List<RunRef> withinSections(List<RunRef> runs) {
    int end = 0;
    long sections = 0;
    while (end < runs.size()
        && (end < 2 || sections + runs.get(end).partitionCount() <= options.sectionsMax())) {
      sections += runs.get(end).partitionCount();
      end++;
    }
    return runs.subList(0, end);
  }
}
