package io.sediment.lsm.lane;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Remembers what a partition's owner was told, and that it came in order. */
final class Heard implements PartitionListener {
  private final List<Long> durable = new ArrayList<>(); // guarded by this
  private @Nullable LaneHaltedException halted; // guarded by this

  @Override
  public synchronized void onDurable(long durableOffset) {
    if (halted != null || (!durable.isEmpty() && durableOffset < last())) {
      throw new AssertionError("out of order: durableOffset=" + durableOffset + " after " + this);
    }
    durable.add(durableOffset);
  }

  @Override
  public synchronized void onHalted(LaneHaltedException cause) {
    if (halted != null) {
      throw new AssertionError("halted twice", cause);
    }
    halted = cause;
  }

  private long last() {
    return durable.get(durable.size() - 1);
  }

  synchronized List<Long> durable() {
    return List.copyOf(durable);
  }

  synchronized boolean isHalted() {
    return halted != null;
  }

  @Override
  public String toString() {
    return "durable=" + durable + " halted=" + halted;
  }
}
