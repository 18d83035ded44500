package io.sediment.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import de.thetaphi.forbiddenapis.Checker;
import de.thetaphi.forbiddenapis.ForbiddenViolation;
import de.thetaphi.forbiddenapis.Logger;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lists of the build's forbidden-API checks find what they are there to find. */
class ForbiddenApisTest {
  private static final Path LISTS = Path.of("..", "build");

  // -- planted lines; the checks of the build look at production code only -----------------------

  static final class OpensAFile {
    byte[] read(Path file) throws Exception {
      return Files.readAllBytes(file);
    }
  }

  static final class UsesAnOldFile {
    long length(Path file) {
      return file.toFile().length();
    }
  }

  @EdgeToTheDisk
  static final class StandsAtTheEdge {
    byte[] read(Path file) throws Exception {
      return Files.readAllBytes(file);
    }
  }

  static final class HasRandomnessOfItsOwn {
    int next() {
      return new Random(7).nextInt();
    }
  }

  static final class SplitsItsOwn {
    int next() {
      return new SplittableRandom(7).nextInt();
    }
  }

  static final class RunsInTheCommonPool {
    CompletableFuture<Integer> next(CompletableFuture<Integer> first) {
      return first.thenApplyAsync(value -> value + 1);
    }
  }

  static final class LooksAtTheClock {
    long now() {
      return System.nanoTime();
    }
  }

  static final class StartsAThread {
    void start() {
      new Thread(() -> {}).start();
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {OpensAFile.class, UsesAnOldFile.class})
  void filesAreRefused(Class<?> planted) throws Exception {
    assertThat(violations("forbidden-files.txt", planted)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        HasRandomnessOfItsOwn.class,
        SplitsItsOwn.class,
        RunsInTheCommonPool.class,
        LooksAtTheClock.class,
        StartsAThread.class
      })
  void chanceTimeAndThreadsAreRefused(Class<?> planted) throws Exception {
    assertThat(violations("forbidden-apis.txt", planted)).isNotEmpty();
  }

  @Test
  void whoStandsAtTheEdgeMayOpenFiles() throws Exception {
    assertThat(violations("forbidden-files.txt", StandsAtTheEdge.class)).isEmpty();
  }

  private static List<ForbiddenViolation> violations(String list, Class<?> planted)
      throws Exception {
    Checker checker =
        new Checker(
            new Silence(),
            ForbiddenApisTest.class.getClassLoader(),
            EnumSet.of(
                Checker.Option.FAIL_ON_MISSING_CLASSES,
                Checker.Option.FAIL_ON_UNRESOLVABLE_SIGNATURES));
    checker.addSuppressAnnotation("**.EdgeOfTheProcess");
    checker.addSuppressAnnotation("**.EdgeToTheDisk");
    try (InputStream lines = Files.newInputStream(LISTS.resolve(list))) {
      checker.parseSignaturesFile(lines, list);
    }
    String file = planted.getName().replace('.', '/') + ".class";
    try (InputStream bytes = planted.getClassLoader().getResourceAsStream(file)) {
      checker.addClassToCheck(bytes, file);
    }
    return checker.runWithResults().stream()
        .flatMap(result -> result.getViolations().stream())
        .toList();
  }

  private static final class Silence implements Logger {
    @Override
    public void error(String message) {}

    @Override
    public void warn(String message) {}

    @Override
    public void info(String message) {}

    @Override
    public void debug(String message) {}
  }
}
