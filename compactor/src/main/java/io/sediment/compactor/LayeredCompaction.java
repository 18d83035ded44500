package io.sediment.compactor;

import io.sediment.compactor.CompactionPlan.Reason;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.RunRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One wide step from level 0 to level 1, then nothing any more, unless runs are half dead or many
 * and small.
 *
 * <p>Runs of one partition are disjoint in any case, so merging never makes a read correct, only
 * cheaper: it is worth it once, when a partition's data lies in so many pieces that reading it back
 * would cost a request for each. See {@code compactor/README.md} for the arithmetic.
 */
public final class LayeredCompaction implements CompactionPolicy {
  private final CompactionOptions options;

  public LayeredCompaction(CompactionOptions options) {
    this.options = options;
  }

  @Override
  public Optional<CompactionPlan> plan(LsmShape shape) {
    return cluster(shape).or(() -> evacuate(shape)).or(() -> join(shape));
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
