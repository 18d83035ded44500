package io.sediment.lsm.manifest;

/**
 * Where an L0 stands among all that the lane ever flushed: {@code (epoch, number)} in that order.
 */
public record Place(long epoch, long number) implements Comparable<Place> {
  /** Before all of them. */
  public static final Place NONE = new Place(0, 0);

  public Place {
    if (epoch < 0 || number < 0) {
      throw new IllegalArgumentException("place: epoch=" + epoch + " number=" + number);
    }
  }

  @Override
  public int compareTo(Place other) {
    int byEpoch = Long.compare(epoch, other.epoch);
    return byEpoch != 0 ? byEpoch : Long.compare(number, other.number);
  }

  static Place max(Place a, Place b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  static Place min(Place a, Place b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  @Override
  public String toString() {
    return epoch + "-" + number;
  }
}
