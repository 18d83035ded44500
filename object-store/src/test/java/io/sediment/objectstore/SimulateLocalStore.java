package io.sediment.objectstore;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lives of the local store from the command line: {@code scripts/simulate.sh} runs this class,
 * ordinary builds do not.
 */
class SimulateLocalStore {
  private static final String MUTANT = "local store: MISSING_FOLDER_FSYNC";
  private static final long SEEDS_MAX = 1_000; // each leaves files until the end

  @TempDir Path folder;

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  @Test
  void localStore() throws IOException {
    if (Boolean.getBoolean("simulate.mutants")) {
      if (MUTANT.contains(System.getProperty("simulate.mutant", ""))) {
        countMutant(Long.getLong("simulate.seeds", 100));
      }
      return;
    }
    Long one = Long.getLong("simulate.seed");
    long last = one != null ? one : Math.min(SEEDS_MAX, Long.getLong("simulate.seeds", SEEDS_MAX));
    long first = one != null ? one : 1;
    for (long seed = first; seed <= last; seed++) {
      new LocalStoreLives(seed, folder, false).run();
    }
    out.printf(Locale.ROOT, "local store: all well: seeds=%d%n", last - first + 1);
  }

  private void countMutant(long seeds) throws IOException {
    long caught = 0;
    long firstSeed = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        new LocalStoreLives(seed, folder, true).run();
      } catch (AssertionError noticed) {
        caught++;
        firstSeed = firstSeed == 0 ? seed : firstSeed;
      }
    }
    out.printf(
        Locale.ROOT,
        "%s caught in %d of %d seeds, first in %d%n",
        MUTANT,
        caught,
        seeds,
        firstSeed);
  }
}
