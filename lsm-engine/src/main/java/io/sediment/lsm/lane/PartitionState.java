package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.memtable.PartitionTails;
import io.sediment.lsm.object.ProducerEntry;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A partition as its lane knows it, open or not. There may be ten thousands, most of them idle: so
 * nothing here is allocated before it is needed.
 */
final class PartitionState {
  private final PartitionTails tails;
  volatile long endOffset; // written under the lane's lock
  volatile long durableOffset; // written by acknowledgements, one at a time
  private volatile long storedBytes; // written under this object's monitor
  volatile @Nullable OpenPartition open; // written under the lane's lock
  private volatile @Nullable PartitionProducers producers; // written under this object's monitor
  private int stay; // guarded by this object's monitor
  @Nullable SlotTouches touchedIn; // under the lane's lock: the slot that has its newest batch
  int touchedAt; // under the lane's lock: where in that slot

  /** A partition all of whose {@code endOffset} is durable. */
  PartitionState(PartitionId id, long endOffset, long storedBytes) {
    this.tails = new PartitionTails(id);
    this.endOffset = endOffset;
    this.durableOffset = endOffset;
    this.storedBytes = storedBytes;
  }

  PartitionId id() {
    return tails.partition();
  }

  /**
   * The partition was led in another lane meanwhile and goes on here at {@code startOffset}. Under
   * the lane's lock, while it is not open.
   *
   * @return false where something of its time here before is not flushed: that comes first, since a
   *     section of an object never has a gap
   */
  boolean comeBackAt(long startOffset) {
    if (tails.unflushedBytes() > 0) {
      return false;
    }
    endOffset = startOffset;
    durableOffset = startOffset;
    synchronized (this) {
      stay++;
      if (producers != null) {
        producers.disinherit();
      }
    }
    return true;
  }

  /**
   * How often the partition came back, since the lane was opened, from lanes in which something was
   * appended to it.
   */
  synchronized int stay() {
    return stay;
  }

  /** Null until they are loaded. */
  @Nullable PartitionProducers producers() {
    return producers;
  }

  /** They were loaded, as they were when the lane was opened; once. */
  synchronized void know(PartitionProducers loaded) {
    if (stay > 0) {
      loaded.disinherit();
    }
    producers = loaded;
  }

  /**
   * Its producers inherit what all older lanes know, unless it was led elsewhere since that was
   * asked for. They must have been loaded.
   *
   * @param asked in which {@link #stay}
   */
  synchronized void inherit(int asked, List<ProducerEntry> older) {
    if (stay == asked) {
      Objects.requireNonNull(producers).inherit(older);
    }
  }

  PartitionTails tails() {
    return tails;
  }

  /** Flush adds, retention takes away. */
  synchronized void addStoredBytes(long bytes) {
    storedBytes = Math.max(0, storedBytes + bytes);
  }

  long sizeBytes() {
    return storedBytes + tails.unflushedBytes();
  }
}
