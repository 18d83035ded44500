package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.object.SortedObject;
import io.sediment.runtime.Scheduler;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Opens {@link FakeWriteAheadLog}s that live in memory only. */
public final class FakeWriteAheadLogs implements WriteAheadLogs {
  private final @Nullable Scheduler scheduler;
  private volatile @Nullable FakeWriteAheadLog newest;

  private FakeWriteAheadLogs(@Nullable Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Logs that acknowledge by themselves, soon after each append, on {@code scheduler}. */
  public static FakeWriteAheadLogs acknowledgingOn(Scheduler scheduler) {
    return new FakeWriteAheadLogs(scheduler);
  }

  /** Logs whose slots the test closes and acknowledges. */
  public static FakeWriteAheadLogs manual() {
    return new FakeWriteAheadLogs(null);
  }

  /** The log opened last. */
  public FakeWriteAheadLog newest() {
    FakeWriteAheadLog log = newest;
    if (log == null) {
      throw new IllegalStateException("no log was opened yet");
    }
    return log;
  }

  @Override
  public FakeWriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
    AtomicReference<FakeWriteAheadLog> self = new AtomicReference<>();
    AtomicBoolean flushIsDue = new AtomicBoolean();
    FakeWriteAheadLog log =
        new FakeWriteAheadLog(epoch, listener, () -> flushSoon(self, flushIsDue));
    self.set(log);
    newest = log;
    return log;
  }

  private void flushSoon(AtomicReference<FakeWriteAheadLog> log, AtomicBoolean flushIsDue) {
    Scheduler runsOn = scheduler;
    if (runsOn != null && flushIsDue.compareAndSet(false, true)) {
      runsOn.execute(
          () -> {
            flushIsDue.set(false);
            log.get().ackAll();
          });
    }
  }

  @Override
  public CompletableFuture<List<SortedObject>> seal(
      LaneId lane, WalSlot replayAfter, long newEpoch) {
    return CompletableFuture.completedFuture(List.of());
  }
}
