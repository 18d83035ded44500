package io.sediment.cluster.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PairedDifferenceTest {
  private static final int PAIRS = 20;

  /** Lognormal around 60 ms, as the puts of the bench are, times {@code factor}. */
  private static List<Latencies> windows(long seed, double factor) {
    Random random = new Random(seed);
    return IntStream.range(0, PAIRS)
        .mapToObj(
            window ->
                Latencies.of(
                    LongStream.generate(
                            () -> (long) (60e6 * factor * Math.exp(0.6 * random.nextGaussian())))
                        .limit(2_000)
                        .toArray()))
        .toList();
  }

  @Test
  void whatIsATenthSlowerIsFoundToBe() {
    PairedDifference p99 = PairedDifference.of(windows(1, 1), windows(2, 1.1), 0.99);
    assertEquals(10, p99.percent(), 4);
    assertTrue(p99.percentFrom() > 0 && p99.percentFrom() < 10, p99::toString);
    assertTrue(p99.percentTo() > 10 && p99.percentTo() < 20, p99::toString);
    assertEquals(PAIRS, p99.pairs());
  }

  @Test
  void whatIsAlikeIsNotFoundToDiffer() {
    PairedDifference p99 = PairedDifference.of(windows(1, 1), windows(2, 1), 0.99);
    assertTrue(p99.percentFrom() < 0 && p99.percentTo() > 0, p99::toString);
  }

  @Test
  void aQuantileIsTheMiddleOfItsStep() {
    long[] oneToHundredMillis = LongStream.rangeClosed(1, 100).map(i -> i * 1_000_000).toArray();
    assertEquals(51.125, Latencies.of(oneToHundredMillis).quantile(0.5));
    assertEquals(100.125, Latencies.of(oneToHundredMillis).quantile(0.99));
    assertTrue(Double.isNaN(Latencies.of(new long[0]).quantile(0.99)));
  }
}
