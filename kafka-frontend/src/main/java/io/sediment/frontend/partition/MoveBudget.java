package io.sediment.frontend.partition;

import java.util.ArrayDeque;

/**
 * How many partitions may still be moved, where so many may be in each window of some looks. Where
 * that is less than one, windows are as much longer. One thread at a time.
 */
final class MoveBudget {
  private final int looksPerWindow;
  private final ArrayDeque<Long> moved = new ArrayDeque<>(); // the look of each, oldest first

  MoveBudget(int looksPerWindow) {
    this.looksPerWindow = looksPerWindow;
  }

  /**
   * @param perWindow how many may be moved, fractions too
   */
  int allowed(long look, double perWindow) {
    if (perWindow <= 0) {
      return 0;
    }
    double window = perWindow >= 1 ? looksPerWindow : looksPerWindow / perWindow;
    int recent = 0;
    for (long each : moved) {
      if (look - each < window) {
        recent++;
      }
    }
    return Math.max(0, (int) Math.max(1, perWindow) - recent);
  }

  void note(long look, int count) {
    for (int i = 0; i < count; i++) {
      moved.add(look);
    }
    while (moved.size() > Math.max(1, count) && look - moved.peek() > looksPerWindow) {
      moved.remove();
    }
  }
}
