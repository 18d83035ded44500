package io.sediment.lsm.gc;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ListedObject;
import java.util.List;

/**
 * Which objects of a lane are unreachable, given the manifests that somebody may be reading. Pure.
 *
 * <pre>
 *                garbage when no retained manifest names it, and
 * WAL object     its slot is at or below the newest replayAfter: flushed, adopted, or never
 *                acknowledged in a closed epoch
 * fence          never
 * L0, table      its epoch is older than the writer's, or its number below the writer's low mark
 * L1, directory  the same with the compactor's
 * manifest       its id is at or below the boundary
 * </pre>
 *
 * <p>Manifests are checked never to name a new object below the low mark ({@link
 * io.sediment.lsm.manifest.ManifestInvariants}), so what is garbage once is garbage for ever.
 */
public final class GarbagePolicy {
  private final LaneId lane;
  private final Manifest newest;
  private final long boundary;
  private final NamedObjects named = new NamedObjects();

  /**
   * @param retained all manifests above the boundary up to one that is committed, oldest first
   * @param boundary the highest id that may have been deleted
   */
  public GarbagePolicy(List<Manifest> retained, long boundary) {
    this.newest = retained.get(retained.size() - 1);
    this.lane = newest.lane();
    this.boundary = boundary;
    retained.forEach(named::addAll);
  }

  /** Of what manifests below the boundary name, what nobody can reach any more. */
  List<ListedObject> garbageOf(NamedObjects objects) {
    return objects.all().stream().filter(this::isGarbage).toList();
  }

  /** False for everything that is not an object of this lane. */
  public boolean isGarbage(ListedObject object) {
    return !named.contains(object.key())
        && ObjectNames.parse(object.key())
            .filter(name -> name.lane().equals(lane))
            .map(name -> isUnreachable(name, object.length()))
            .orElse(false);
  }

  private boolean isUnreachable(ObjectName name, long length) {
    if (name instanceof WalName wal) {
      return length > SortedObject.FENCE_LENGTH && isReplayed(wal.slot());
    }
    if (name instanceof DataName data) {
      return switch (data.kind()) {
        case L0, TABLE -> isBelow(data, newest.term().epoch(), newest.writerLowMark());
        case L1, DIRECTORY ->
            isBelow(data, newest.level1().compactorEpoch(), newest.level1().lowMark());
      };
    }
    return name instanceof ManifestName manifest && manifest.id() <= boundary;
  }

  private boolean isReplayed(WalSlot slot) {
    return slot.compareTo(newest.replayAfter()) <= 0;
  }

  private static boolean isBelow(DataName data, long epoch, long lowMark) {
    return data.epoch() < epoch || (data.epoch() == epoch && data.number() < lowMark);
  }
}
