package io.sediment.lsm.manifest;

import java.util.List;

/**
 * A compaction that has begun, so that the next compactor goes on where this one was stopped.
 *
 * @param runs the runs it replaces, by their directories
 * @param l0 the objects of level 0 it replaces
 * @param outputs the L1 objects that are complete; kept from garbage collection
 */
public record JobProgress(List<Place> runs, List<Source> l0, List<DataRef> outputs) {
  /** An object of level 0, by what its key says. */
  public record Source(boolean isAdoptedWal, long epoch, long number) {
    public static Source of(L0Ref ref) {
      return new Source(ref.isAdoptedWal(), ref.epoch(), ref.number());
    }
  }

  public JobProgress {
    runs = List.copyOf(runs);
    l0 = List.copyOf(l0);
    outputs = List.copyOf(outputs);
  }

  /** Whether everything it works on is still part of the lane. */
  public boolean fits(Manifest manifest) {
    return manifest.level1().runs().stream()
            .map(run -> new Place(run.epoch(), run.number()))
            .toList()
            .containsAll(runs)
        && manifest.l0().stream().map(Source::of).toList().containsAll(l0);
  }
}
