package io.sediment.frontend.handler;

import io.sediment.frontend.partition.DurabilityWatcher;
import io.sediment.frontend.partition.ReadableLog;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.message.FetchRequestData;
import org.jspecify.annotations.Nullable;

/**
 * The partitions a client fetches, and which of them may have something to tell (KIP-227).
 *
 * <p>The session watches its logs for as long as it lives and collects those that change in its
 * <em>dirty set</em>; a request looks at that set alone, so a consumer of ten thousand partitions
 * of which one is busy costs as much as a consumer of one. A request without a session is a session
 * that lives as long as the request.
 *
 * <p>Watching callbacks come from the lane's threads, requests from network threads. One request at
 * a time holds the session; a second one waits its turn.
 */
final class FetchSession implements DurabilityWatcher {
  private final boolean byTopicId;
  private final Object lock = new Object();
  private final Map<FetchPartition.Key, FetchPartition> partitions = new LinkedHashMap<>();
  private final Map<ReadableLog, FetchPartition> byLog = new HashMap<>(); // guarded by lock
  private final Set<FetchPartition> dirty = new LinkedHashSet<>(); // guarded by lock
  private final ArrayDeque<Runnable> turns = new ArrayDeque<>(); // guarded by lock
  private FetchPartition.@Nullable Key lastServed; // for the request that holds the session
  private FetchPartition.@Nullable Key passedOver; // for the request that holds the session
  private boolean taken; // guarded by lock
  private boolean closed; // guarded by lock
  private long readableBytes; // guarded by lock
  private long neededBytes; // guarded by lock
  private @Nullable Runnable wake; // guarded by lock

  FetchSession(boolean byTopicId) {
    this.byTopicId = byTopicId;
  }

  boolean byTopicId() {
    return byTopicId;
  }

  // Turns.

  /**
   * Takes the session for a request.
   *
   * @param later runs when the request before has left, on its thread
   * @return false if {@code later} will run, true if the session is the caller's now
   */
  boolean enter(Runnable later) {
    synchronized (lock) {
      if (taken) {
        turns.add(later);
        return false;
      }
      taken = true;
      return true;
    }
  }

  void leave() {
    Runnable next;
    synchronized (lock) {
      next = turns.poll();
      taken = next != null;
    }
    if (next != null) {
      next.run();
    }
  }

  // Contents, for the request that holds the session.

  void put(FetchPartition.Key key, FetchRequestData.FetchPartition asked) {
    FetchPartition known = partitions.get(key);
    if (known == null) {
      known = new FetchPartition(key, asked);
      partitions.put(key, known);
    } else {
      known.update(asked);
    }
    markDirty(known);
  }

  void remove(FetchPartition.Key key) {
    FetchPartition gone = partitions.remove(key);
    if (gone != null) {
      watch(gone, null);
      synchronized (lock) {
        dirty.remove(gone);
      }
    }
  }

  boolean isEmpty() {
    return partitions.isEmpty();
  }

  /** Takes the dirty set, in the order in which it became dirty. */
  List<FetchPartition> takeDirty() {
    synchronized (lock) {
      List<FetchPartition> taken = new ArrayList<>(dirty);
      dirty.clear();
      readableBytes = 0;
      return taken;
    }
  }

  /**
   * Takes the dirty set in a circle: by topic and partition, beginning behind the one that was
   * served last, so that each gets its turn; before them all, one that was passed over. Neighbours
   * lie side by side in stored objects; clients that ask for a thousand partitions name them in any
   * order, and to follow it would read every object many times.
   */
  List<FetchPartition> takeDirtyInTurn() {
    List<FetchPartition> taken = takeDirty();
    taken.sort(Comparator.comparing(partition -> partition.key));
    FetchPartition.Key last = lastServed;
    if (last != null) {
      int behind = 0;
      while (behind < taken.size() && taken.get(behind).key.compareTo(last) <= 0) {
        behind++;
      }
      Collections.rotate(taken, -behind);
    }
    for (int i = 0; i < taken.size(); i++) {
      if (taken.get(i).key.equals(passedOver)) {
        taken.add(0, taken.remove(i));
      }
    }
    return taken;
  }

  /**
   * Says how far a response came.
   *
   * @param last that had records in it
   * @param gotNothing of those before it, although they had data; one of them will be the first of
   *     the next response, and another one of the response after
   */
  void endTurn(FetchPartition last, List<FetchPartition> gotNothing) {
    if (!last.key.equals(passedOver)) { // else the circle has not moved
      lastServed = last.key;
    }
    NavigableSet<FetchPartition.Key> candidates = new TreeSet<>();
    gotNothing.forEach(partition -> candidates.add(partition.key));
    FetchPartition.Key next = passedOver == null ? null : candidates.higher(passedOver);
    passedOver = next != null || candidates.isEmpty() ? next : candidates.first();
  }

  /** Keeps {@code partition} to be looked at again. */
  void markDirty(FetchPartition partition) {
    synchronized (lock) {
      dirty.add(partition);
    }
  }

  /** Watches {@code log} for {@code partition}, in place of what was watched for it before. */
  void watch(FetchPartition partition, @Nullable ReadableLog log) {
    ReadableLog before = partition.watched;
    if (before == log) {
      return;
    }
    partition.watched = log;
    synchronized (lock) {
      if (before != null) {
        byLog.remove(before);
      }
      if (closed) {
        log = null;
      }
      if (log != null) {
        byLog.put(log, partition);
      }
    }
    if (before != null) {
      before.unwatch(this);
    }
    if (log != null) {
      log.watch(this);
    }
  }

  // Waiting.

  /**
   * Runs {@code task} once: as soon as {@code bytes} became readable since {@link #takeDirty}, or a
   * log closed. It runs on the thread that noticed.
   */
  void await(long bytes, Runnable task) {
    synchronized (lock) {
      if (readableBytes < bytes) {
        neededBytes = bytes;
        wake = task;
        return;
      }
    }
    task.run();
  }

  void stopWaiting() {
    synchronized (lock) {
      wake = null;
    }
  }

  @Override
  public void onReadable(ReadableLog log, long bytes) {
    noticed(log, bytes);
  }

  @Override
  public void onChanged(ReadableLog log) {
    noticed(log, log.isOpen() ? 0 : Integer.MAX_VALUE); // an error is worth any number of bytes
  }

  private void noticed(ReadableLog log, long bytes) {
    Runnable task = null;
    synchronized (lock) {
      FetchPartition partition = byLog.get(log);
      if (partition == null) {
        return;
      }
      dirty.add(partition);
      readableBytes += bytes;
      if (wake != null && readableBytes >= neededBytes) {
        task = wake;
        wake = null;
      }
    }
    if (task != null) {
      task.run();
    }
  }

  /** Watches nothing any more. Idempotent. */
  void close() {
    List<ReadableLog> watched;
    synchronized (lock) {
      closed = true;
      watched = List.copyOf(byLog.keySet());
      byLog.clear();
      dirty.clear();
    }
    for (ReadableLog log : watched) {
      log.unwatch(this);
    }
  }
}
