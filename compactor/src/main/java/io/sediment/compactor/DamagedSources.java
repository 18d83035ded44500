package io.sediment.compactor;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.DataRef;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects of a lane in which a block was found damaged for good, since this process began. They are
 * left where they are: runs refer to what is alive of them, so that readers of the damaged block
 * are told, and all else goes on. Thread-safe.
 */
final class DamagedSources {
  private static final Logger log = LoggerFactory.getLogger(DamagedSources.class);

  private final LaneId lane;
  private final Set<DataRef> found = ConcurrentHashMap.newKeySet();

  DamagedSources(LaneId lane) {
    this.lane = lane;
  }

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

  int count() {
    return found.size();
  }
}
