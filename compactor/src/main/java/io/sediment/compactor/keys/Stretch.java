package io.sediment.compactor.keys;

/**
 * A piece of a partition as a policy sees it.
 *
 * @param from first offset
 * @param to offset after it
 * @param bytes of its batches
 * @param firstTimestampMs of its first batch
 * @param maxTimestampMs of all of it, and of what is before it
 * @param clean whether a pass has been over all of it
 */
public record Stretch(
    long from, long to, long bytes, long firstTimestampMs, long maxTimestampMs, boolean clean) {
  public Stretch {
    if (from < 0 || to <= from || bytes < 0) {
      throw new IllegalArgumentException("stretch: from=" + from + " to=" + to + " bytes=" + bytes);
    }
  }
}
