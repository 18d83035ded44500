package io.sediment.cluster.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * By how many percent a quantile is higher in the second windows of pairs than in their first ones,
 * and how far that may be from the truth.
 *
 * @param before of all first windows together, in milliseconds
 * @param after of all second windows together
 * @param percent that {@code after} is higher
 * @param percentFrom lower end of a 95 % confidence interval of that, from drawing as many pairs
 *     again and again (bootstrap)
 * @param percentTo its upper end
 * @param medianOfPairs median of what the pairs differ by, in percent
 * @param pairsHigher pairs whose second window was higher
 */
record PairedDifference(
    double before,
    double after,
    double percent,
    double percentFrom,
    double percentTo,
    double medianOfPairs,
    int pairsHigher,
    int pairs) {
  private static final int DRAWS = 1_000;

  static PairedDifference of(List<Latencies> before, List<Latencies> after, double quantile) {
    int pairs = before.size();
    double first = Latencies.together(before).quantile(quantile);
    double second = Latencies.together(after).quantile(quantile);
    Random random = new Random(1);
    double[] drawn = new double[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      List<Latencies> drawnBefore = new ArrayList<>(pairs);
      List<Latencies> drawnAfter = new ArrayList<>(pairs);
      for (int j = 0; j < pairs; j++) {
        int pair = random.nextInt(pairs);
        drawnBefore.add(before.get(pair));
        drawnAfter.add(after.get(pair));
      }
      drawn[i] =
          percentMore(
              Latencies.together(drawnBefore).quantile(quantile),
              Latencies.together(drawnAfter).quantile(quantile));
    }
    Arrays.sort(drawn);
    Samples each = new Samples();
    IntStream.range(0, pairs)
        .mapToDouble(
            i -> percentMore(before.get(i).quantile(quantile), after.get(i).quantile(quantile)))
        .forEach(each::add);
    int higher =
        (int)
            IntStream.range(0, pairs)
                .filter(i -> after.get(i).quantile(quantile) > before.get(i).quantile(quantile))
                .count();
    return new PairedDifference(
        first,
        second,
        percentMore(first, second),
        drawn[DRAWS * 25 / 1000],
        drawn[DRAWS * 975 / 1000],
        each.median(),
        higher,
        pairs);
  }

  private static double percentMore(double before, double after) {
    return 100 * (after / before - 1);
  }

  /** Cells of a table. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%.1f | %.1f | %+.1f %% (%+.1f to %+.1f) | %+.1f %%; %d of %d",
        before,
        after,
        percent,
        percentFrom,
        percentTo,
        medianOfPairs,
        pairsHigher,
        pairs);
  }
}
