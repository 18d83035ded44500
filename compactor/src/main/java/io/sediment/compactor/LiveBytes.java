package io.sediment.compactor;

import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How much of each run is alive. That is in the runs' directories, so a few of them are looked at
 * each time, and only after log starts have risen. One call at a time.
 */
final class LiveBytes {
  private static final int LOOKS_AT_ONCE = 8;

  /**
   * What was found out.
   *
   * @param generation of the liveness that was looked with
   */
  private record Found(LsmShape.Run run, long generation) {}

  private final SourceReader reader;
  private final Map<Place, Found> found = new HashMap<>();
  private Liveness newest = Liveness.ALL;
  private long generation; // counts changes of what is alive; nothing is dead in the first

  LiveBytes(SourceReader reader) {
    this.reader = reader;
  }

  /** The most that is alive of a run, as far as is known. */
  LsmShape.Run of(RunRef run) {
    Found here = found.get(place(run));
    return here == null ? new LsmShape.Run(run, run.dataBytes(), run.dataBytes()) : here.run;
  }

  /** Looks at some of the runs that may have lost something since. */
  CompletableFuture<Void> look(Manifest manifest, Liveness liveness) {
    boolean isSame =
        liveness.logStarts().equals(newest.logStarts())
            && liveness.deletedTopics().equals(newest.deletedTopics());
    generation += isSame ? 0 : 1;
    newest = liveness;
    Set<Place> there =
        manifest.level1().runs().stream().map(LiveBytes::place).collect(Collectors.toSet());
    found.keySet().retainAll(there);
    List<RunRef> next =
        manifest.level1().runs().stream()
            .filter(run -> mayHaveChanged(found.get(place(run))) && !reader.isAvoided(run))
            .sorted(Comparator.comparingLong(this::lookedAt)) // those not seen for longest
            .limit(LOOKS_AT_ONCE)
            .toList();
    long lookedWith = generation;
    CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
    for (RunRef run : next) {
      done =
          done.thenCompose(before -> reader.read(run))
              .thenAccept(
                  sections ->
                      found.put(place(run), new Found(look(run, sections, liveness), lookedWith)));
    }
    return done;
  }

  private long lookedAt(RunRef run) {
    Found known = found.get(place(run));
    return known == null ? 0 : known.generation;
  }

  private boolean mayHaveChanged(@Nullable Found known) {
    return known == null ? generation > 0 : known.generation != generation;
  }

  private static LsmShape.Run look(RunRef run, List<SourceSection> sections, Liveness liveness) {
    long live = 0;
    long lasting = 0;
    for (SourceSection section : sections) {
      if (liveness.isDeleted(section.partition())) {
        continue;
      }
      long logStart = liveness.logStart(section.partition());
      long goesSoonBeforeMs = liveness.goesSoonBeforeMs().applyAsLong(section.partition());
      for (SourceBlock each : section.blocks()) {
        Block block = each.block();
        if (block.lastOffset() >= logStart) {
          live += block.length();
          lasting += block.maxTimestamp() >= goesSoonBeforeMs ? block.length() : 0;
        }
      }
    }
    return new LsmShape.Run(run, live, lasting);
  }

  private static Place place(RunRef run) {
    return new Place(run.epoch(), run.number());
  }
}
