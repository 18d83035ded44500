package io.sediment.compactor;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects of a lane that were found damaged for good, since this process began. They stay where
 * they are, so that readers of what is damaged are told, and all else goes on. Thread-safe.
 *
 * <p>Where it is a block, runs refer to what is alive of its object. Where it is a footer or a
 * directory, nobody knows which partitions lie there: nothing is moved across it, and it is tried
 * again after a while, since somebody may have put it back.
 */
final class DamagedSources {
  private static final Logger log = LoggerFactory.getLogger(DamagedSources.class);
  private static final Duration AVOIDED_FOR = Duration.ofMinutes(10);

  private final LaneId lane;
  private final Scheduler scheduler;
  private final Set<DataRef> found = ConcurrentHashMap.newKeySet();
  private final Set<ObjectKey> unreadable = ConcurrentHashMap.newKeySet();

  /** Those that are not to be tried again yet. */
  private final Set<ObjectKey> avoided = ConcurrentHashMap.newKeySet();

  DamagedSources(LaneId lane, Scheduler scheduler) {
    this.lane = lane;
    this.scheduler = scheduler;
  }

  /** A block of the object is damaged. */
  void add(DataRef object, CorruptObjectException damage) {
    if (found.add(object)) {
      log.error(
          "a damaged object stays where it is, compaction goes on around it: lane={} key={}: {}",
          lane,
          object.key(lane),
          damage.getMessage());
    }
  }

  boolean contains(DataRef object) {
    return !found.isEmpty() && found.contains(object);
  }

  /** What says which partitions lie there is damaged. */
  void addUnreadable(ObjectKey key, CorruptObjectException damage) {
    if (unreadable.add(key)) {
      log.error(
          "a damaged footer or directory: nothing is moved across it, compaction goes on with the"
              + " rest: lane={} key={}: {}",
          lane,
          key,
          damage.getMessage());
    }
    if (avoided.add(key)) {
      scheduler.schedule(() -> avoided.remove(key), AVOIDED_FOR);
    }
  }

  /** It could be read. */
  void onRead(ObjectKey key) {
    if (!unreadable.isEmpty() && unreadable.remove(key)) {
      log.info("readable again: lane={} key={}", lane, key);
    }
  }

  /** Forgets what is not part of the lane any more. */
  void keepThoseOf(Manifest manifest) {
    if (!unreadable.isEmpty()) {
      Set<ObjectKey> there = new HashSet<>();
      manifest.l0().forEach(ref -> there.add(ref.key(lane)));
      manifest.level1().runs().forEach(run -> there.add(run.key(lane)));
      unreadable.retainAll(there);
    }
  }

  boolean isAvoided(ObjectKey key) {
    return !avoided.isEmpty() && avoided.contains(key);
  }

  /** Runs with none to be avoided between them; the last ones are those before level 0. */
  List<List<RunRef>> stretches(List<RunRef> runs) {
    List<List<RunRef>> stretches = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < runs.size(); i++) {
      if (isAvoided(runs.get(i).key(lane))) {
        stretches.add(runs.subList(from, i));
        from = i + 1;
      }
    }
    stretches.add(runs.subList(from, runs.size()));
    return stretches;
  }

  /** The oldest ones, up to one to be avoided. */
  List<L0Ref> before(List<L0Ref> l0) {
    int end = 0;
    while (end < l0.size() && !isAvoided(l0.get(end).key(lane))) {
      end++;
    }
    return l0.subList(0, end);
  }

  int count() {
    return found.size() + unreadable.size();
  }
}
