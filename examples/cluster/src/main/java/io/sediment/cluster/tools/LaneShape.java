package io.sediment.cluster.tools;

import io.sediment.lsm.WalSlot;
import io.sediment.lsm.gc.GarbagePolicy;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.Map;
import java.util.Set;

/**
 * What a lane was found to consist of.
 *
 * @param view its manifests, as far as they could be read
 * @param named what they name
 * @param garbage by the collector's own rule
 * @param tailEnds by epoch, where the log ends that no manifest names
 */
record LaneShape(
    LaneView view,
    Set<ObjectKey> named,
    GarbagePolicy garbage,
    Map<Long, WalSlot> tailEnds,
    Coverage coverage) {
  /** What an object is to its lane. */
  enum Role {
    LIVE,
    /** Nobody can reach it, and the collector will delete it. */
    GARBAGE,
    /** Nobody names it yet: it is being written, or a crash has left it. */
    UNNAMED
  }

  Role roleOf(ObjectNames.ObjectName name, ListedObject object) {
    if (named.contains(object.key()) || isLive(name, object)) {
      return Role.LIVE;
    }
    return garbage.isGarbage(object) ? Role.GARBAGE : Role.UNNAMED;
  }

  private boolean isLive(ObjectNames.ObjectName name, ListedObject object) {
    if (name instanceof BoundaryName) {
      return true;
    }
    if (name instanceof ManifestName manifest) {
      return manifest.id() > view.boundary();
    }
    if (name instanceof WalName wal) {
      WalSlot end = tailEnds.get(wal.slot().epoch());
      return object.length() == SortedObject.FENCE_LENGTH
          || (wal.slot().compareTo(view.newest().replayAfter()) > 0
              && end != null
              && wal.slot().compareTo(end) < 0);
    }
    return false;
  }
}
