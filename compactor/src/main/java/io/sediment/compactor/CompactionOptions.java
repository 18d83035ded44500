package io.sediment.compactor;

/**
 * Sizes of compaction.
 *
 * @param l0ObjectsMin level 0 of a growing lane is clustered when it has so many objects
 * @param l0ObjectsMax so many are clustered at once
 * @param l0BytesMax and no more bytes than these, unless one object is larger
 * @param sectionsMax nor more sections than these: their index entries are in memory meanwhile
 * @param runsJoined so many neighbouring runs that are small become one
 * @param joinedBytesMax of all of them together; small is what has its share of this at most
 * @param referenceBytesMin a section of a source that lies in one piece of this size is referred to
 *     where it is instead of being rewritten
 * @param objectBytesMax an L1 object is cut before it grows beyond this
 * @param serverCopyBytesMin a piece of this size that is to be rewritten is copied by the store
 * @param stepBytes so much is read at once, and twice as much is in memory besides
 * @param partBytesMin what the store wants of each part of an upload but the last
 */
public record CompactionOptions(
    int l0ObjectsMin,
    int l0ObjectsMax,
    long l0BytesMax,
    int sectionsMax,
    int runsJoined,
    long joinedBytesMax,
    long referenceBytesMin,
    long objectBytesMax,
    long serverCopyBytesMin,
    int stepBytes,
    int partBytesMin) {
  public static final CompactionOptions DEFAULT =
      new CompactionOptions(
          32,
          64,
          4L << 30,
          200_000,
          256,
          256L << 20,
          8L << 20,
          256L << 20,
          8L << 20,
          4 << 20,
          5 << 20);

  public CompactionOptions {
    if (l0ObjectsMin < 1
        || l0ObjectsMax < l0ObjectsMin
        || l0BytesMax < 1
        || sectionsMax < 1
        || runsJoined < 2
        || joinedBytesMax < 1
        || referenceBytesMin < 1
        || objectBytesMax < 1
        || serverCopyBytesMin < 1
        || stepBytes < 1
        || partBytesMin < 1) {
      throw new IllegalArgumentException(
          "compaction options: "
              + l0ObjectsMin
              + ".."
              + l0ObjectsMax
              + " l0BytesMax="
              + l0BytesMax
              + " sectionsMax="
              + sectionsMax
              + " runsJoined="
              + runsJoined
              + " joinedBytesMax="
              + joinedBytesMax
              + " referenceBytesMin="
              + referenceBytesMin
              + " objectBytesMax="
              + objectBytesMax
              + " serverCopyBytesMin="
              + serverCopyBytesMin
              + " stepBytes="
              + stepBytes);
    }
  }

  /** The same with steps that fit into {@code bytes} of memory. */
  public CompactionOptions withMemory(long bytes) {
    return new CompactionOptions(
        l0ObjectsMin,
        l0ObjectsMax,
        l0BytesMax,
        sectionsMax,
        runsJoined,
        joinedBytesMax,
        referenceBytesMin,
        objectBytesMax,
        serverCopyBytesMin,
        (int) Math.max(STEP_BYTES_MIN, Math.min(stepBytes, bytes / STEPS_IN_MEMORY)),
        partBytesMin);
  }

  private static final long STEP_BYTES_MIN = 512 << 10;

  long smallRunBytesMax() {
    return joinedBytesMax / runsJoined;
  }

  /** One being read, one being put together, one being written. */
  static final int STEPS_IN_MEMORY = 3;

  /** The same with another count of objects at which level 0 is clustered. */
  public CompactionOptions withL0Objects(int min, int max) {
    return new CompactionOptions(
        min,
        max,
        l0BytesMax,
        sectionsMax,
        runsJoined,
        joinedBytesMax,
        referenceBytesMin,
        objectBytesMax,
        serverCopyBytesMin,
        stepBytes,
        partBytesMin);
  }
}
