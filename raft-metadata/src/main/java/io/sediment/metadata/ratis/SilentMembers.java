package io.sediment.metadata.ratis;

import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftPeerId;

/**
 * Has members that were silent for long connected to anew.
 *
 * <p>A machine that loses its power, or its cable, does not say so: the connection to it stays open
 * here until TCP gives up, a quarter of an hour maybe, and all is sent on it even when the machine
 * is back. Ratis has its connections neither ask for a sign of life nor end when calls time out.
 *
 * <p>Who stays silent is connected to again, after longer and longer: it is no use where nobody is
 * there, and a connection attempt goes on by itself. Thread-safe; nothing here blocks.
 */
final class SilentMembers implements AutoCloseable {
  /** Two leases: by then it counts as dead anyway, and a pause of its process is mostly over. */
  private static final int PATIENCE_LEASES = 2;

  private static final Duration PAUSE_MAX = Duration.ofMinutes(1);

  private final Supplier<Map<RaftPeerId, Duration>> silence;
  private final Consumer<RaftPeerId> reconnect;
  private final Scheduler scheduler;
  private final Duration lease;
  private final Duration patience;

  /** How long a member must have been silent to be connected to again. Guarded by this. */
  private final Map<RaftPeerId, Duration> due = new HashMap<>();

  private boolean closed; // guarded by this

  /**
   * @param silence for how long the members were silent from which this one should have heard
   * @param reconnect gives up the connections to a member, and does not block
   */
  SilentMembers(
      Supplier<Map<RaftPeerId, Duration>> silence,
      Consumer<RaftPeerId> reconnect,
      Scheduler scheduler,
      Duration lease) {
    this.silence = silence;
    this.reconnect = reconnect;
    this.scheduler = scheduler;
    this.lease = lease;
    this.patience = lease.multipliedBy(PATIENCE_LEASES);
  }

  /** Looks at once, too: what that takes for the first time does not come between clients. */
  void watch() {
    scheduler.execute(this::check);
  }

  private synchronized void check() {
    if (closed) {
      return;
    }
    Map<RaftPeerId, Duration> silent = silence.get();
    silent.values().removeIf(time -> time.compareTo(patience) < 0);
    due.keySet().retainAll(silent.keySet());
    silent.forEach(
        (member, time) -> {
          if (time.compareTo(due.getOrDefault(member, patience)) >= 0) {
            due.put(member, time.plus(time.compareTo(PAUSE_MAX) < 0 ? time : PAUSE_MAX));
            reconnect.accept(member);
          }
        });
    scheduler.schedule(this::check, lease);
  }

  /** Nobody is connected to after that. */
  @Override
  public synchronized void close() {
    closed = true;
  }
}
