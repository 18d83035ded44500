package io.sediment.cluster.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** The figures of one question from several rounds. */
final class Samples {
  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  double median() {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    int n = sorted.size();
    return n == 0 ? Double.NaN : (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
  }

  /** Median with the smallest and the largest. */
  @Override
  public String toString() {
    return values.isEmpty()
        ? "–"
        : String.format(
            Locale.ROOT,
            "%.2f (%.2f–%.2f)",
            median(),
            Collections.min(values),
            Collections.max(values));
  }
}
