package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.objectstore.ObjectKey;
import io.sediment.simulation.SimObjectStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Looks at the manifests of a simulated bucket from outside, without requests. */
public final class StoredManifests {
  private StoredManifests() {}

  /** The manifest that counts; none where there is none. */
  public static Manifest newest(SimObjectStore bucket, LaneId lane) {
    List<ObjectKey> keys = bucket.keys(new LaneKeys(lane).manifestPrefix());
    if (keys.isEmpty()) {
      return Manifest.none(lane);
    }
    ObjectKey key = keys.get(keys.size() - 1);
    long id = ((ManifestName) ObjectNames.parse(key).orElseThrow()).id();
    return ManifestLayout.decode(lane, id, ByteBuffer.wrap(bucket.peek(key).orElseThrow()));
  }

  /** Everything that {@code manifest} names. */
  public static List<ObjectKey> named(Manifest manifest) {
    List<ObjectKey> keys = new ArrayList<>();
    manifest.l0().forEach(ref -> keys.add(ref.key(manifest.lane())));
    for (RunRef run : manifest.level1().runs()) {
      keys.add(run.key(manifest.lane()));
      run.objects().forEach(object -> keys.add(object.key(manifest.lane())));
    }
    if (manifest.table() != null) {
      keys.add(manifest.table().key(manifest.lane()));
    }
    return keys;
  }
}
