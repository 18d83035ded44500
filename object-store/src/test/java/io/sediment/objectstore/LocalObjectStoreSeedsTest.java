package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.fail;

import io.sediment.simulation.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LocalObjectStoreSeedsTest {
  private static final Logger log = LoggerFactory.getLogger(LocalObjectStoreSeedsTest.class);
  private static final int SEEDS_TO_CATCH_A_MUTANT = 100;

  @TempDir Path folder;

  static long[] seeds() {
    return Seeds.upTo(100).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatWasAnsweredOutlivesDeathsAndPowerCuts(long seed) throws IOException {
    new LocalStoreLives(seed, folder, false).run();
  }

  @Test
  void aMissingFolderSyncIsNoticed() throws IOException {
    for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
      try {
        new LocalStoreLives(seed, folder, true).run();
      } catch (AssertionError noticed) {
        log.info("MISSING_FOLDER_FSYNC: first in {}: {}", seed, noticed.getMessage());
        return;
      }
    }
    fail("not noticed in %d seeds", SEEDS_TO_CATCH_A_MUTANT);
  }
}
