package io.sediment.lsm.object;

/**
 * How a sorted object is cut.
 *
 * @param blockSizeBytesMax a block is closed before it would grow beyond this; a single larger
 *     batch is a block of its own
 * @param gatherSizeBytesMin stretches of memory shorter than this are copied together; longer ones
 *     are gathered where they lie. 0 copies nothing
 */
public record SortedObjectOptions(int blockSizeBytesMax, int gatherSizeBytesMin) {
  /** Blocks of up to 512 KB; stretches of 4 KB or more are gathered. */
  public static final SortedObjectOptions DEFAULT = new SortedObjectOptions(512 << 10, 4 << 10);

  public SortedObjectOptions {
    if (blockSizeBytesMax < 1 || gatherSizeBytesMin < 0) {
      throw new IllegalArgumentException(
          "sorted object options: blockSizeBytesMax="
              + blockSizeBytesMax
              + " gatherSizeBytesMin="
              + gatherSizeBytesMin);
    }
  }
}
