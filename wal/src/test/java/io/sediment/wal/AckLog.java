package io.sediment.wal;

import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Remembers what a log told, and complains when it was not in order. */
final class AckLog implements WriteAheadLog.Listener {
  private final List<WalSlot> acked = new CopyOnWriteArrayList<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();
  private final AtomicInteger callsInside = new AtomicInteger();
  private volatile @Nullable LaneHaltedException halted;

  @Override
  public void onAcked(WalSlot slot) {
    enter("onAcked " + slot);
    long expected = acked.size() + 1;
    if (slot.seq() != expected) {
      complaints.add("acked " + slot + " where seq " + expected + " was next");
    }
    acked.add(slot);
    callsInside.decrementAndGet();
  }

  @Override
  public void onHalted(LaneHaltedException cause) {
    enter("onHalted");
    halted = cause;
    callsInside.decrementAndGet();
  }

  private void enter(String call) {
    if (callsInside.incrementAndGet() > 1) {
      complaints.add(call + " while another call was going on");
    }
    if (halted != null) {
      complaints.add(call + " after the log had halted");
    }
  }

  List<WalSlot> acked() {
    return acked;
  }

  @Nullable LaneHaltedException halted() {
    return halted;
  }

  List<String> complaints() {
    return complaints;
  }
}
