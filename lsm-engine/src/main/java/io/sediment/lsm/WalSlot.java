package io.sediment.lsm;

/**
 * A place in a lane's write-ahead log: the {@code seq}-th object written under {@code epoch},
 * counting from 1. Seq 0 stands for "nothing of this epoch yet". Slots are ordered by epoch, then
 * seq.
 */
public record WalSlot(long epoch, long seq) implements Comparable<WalSlot> {
  /** Before everything: epochs count from 1. */
  public static final WalSlot NONE = new WalSlot(0, 0);

  public WalSlot {
    if (epoch < 0 || seq < 0) {
      throw new IllegalArgumentException("wal slot: epoch=" + epoch + " seq=" + seq);
    }
  }

  public WalSlot next() {
    return new WalSlot(epoch, seq + 1);
  }

  @Override
  public int compareTo(WalSlot other) {
    int byEpoch = Long.compare(epoch, other.epoch);
    return byEpoch != 0 ? byEpoch : Long.compare(seq, other.seq);
  }

  @Override
  public String toString() {
    return epoch + "/" + seq;
  }
}
