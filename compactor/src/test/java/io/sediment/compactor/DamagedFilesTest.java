package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.compactor.DamagedFiles.Notice;
import io.sediment.compactor.DamagedFiles.Outcome;
import io.sediment.simulation.Seeds;
import io.sediment.wal.simulation.QuietLogs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class DamagedFilesTest {
  private static final Logger log = LoggerFactory.getLogger(DamagedFilesTest.class);
  private static final int SEEDS = 60;

  @TempDir Path folder;

  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  @Test
  void whatAFileThatStaysDamagedTakesAwayIsNamedAndAllElseIsRight() throws IOException {
    long[] seeds = Seeds.upTo(SEEDS).toArray();
    Map<Notice, Integer> notices = new EnumMap<>(Notice.class);
    int readsInFiles = 0;
    for (long seed : seeds) {
      Path root = Files.createDirectory(folder.resolve(Long.toString(seed)));
      try (DamagedFiles files = new DamagedFiles(seed, root)) {
        Outcome outcome = files.run();
        log.info("seed {}: {}", seed, outcome);
        notices.merge(outcome.notice(), 1, Integer::sum);
        readsInFiles += outcome.readsInFiles();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
    log.info("{} seeds: {}, {} reads in files", seeds.length, notices, readsInFiles);
    if (seeds.length == SEEDS) {
      assertThat(notices)
          .containsKeys(Notice.HARMLESS, Notice.AT_OPENING, Notice.REFUSED_ONCE, Notice.WHEN_READ);
      assertThat(readsInFiles).isPositive();
    }
  }
}
