package io.sediment.lsm.gc;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.JobProgress;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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
  private final Set<ObjectKey> named = new HashSet<>();

  /**
   * @param retained all manifests above the boundary up to one that is committed, oldest first
   * @param boundary the highest id that may have been deleted
   */
  public GarbagePolicy(List<Manifest> retained, long boundary) {
    this.newest = retained.get(retained.size() - 1);
    this.lane = newest.lane();
    this.boundary = boundary;
    Set<Object> refs = new HashSet<>(); // consecutive manifests name mostly the same objects
    for (Manifest manifest : retained) {
      for (L0Ref ref : manifest.l0()) {
        if (refs.add(ref)) {
          named.add(ref.key(lane));
        }
      }
      for (RunRef run : manifest.level1().runs()) {
        if (refs.add(run)) {
          named.add(run.key(lane));
          run.objects().forEach(object -> named.add(object.key(lane)));
        }
      }
      JobProgress job = manifest.level1().job();
      if (job != null) {
        job.outputs().forEach(object -> named.add(object.key(lane)));
      }
      if (manifest.table() != null) {
        named.add(manifest.table().key(lane));
      }
    }
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
