package io.sediment.lsm.gc;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.JobProgress;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The data objects that manifests name, each once, with its length. Not thread-safe. */
final class NamedObjects {
  private final Set<Object> seen = new HashSet<>(); // consecutive manifests name mostly the same
  private final Map<ObjectKey, ListedObject> objects = new LinkedHashMap<>();

  void addAll(Manifest manifest) {
    LaneId lane = manifest.lane();
    for (L0Ref ref : manifest.l0()) {
      if (seen.add(ref)) {
        add(ref.key(lane), ref.length());
      }
    }
    for (RunRef run : manifest.level1().runs()) {
      if (seen.add(run)) {
        add(run.key(lane), run.length());
        run.objects().forEach(object -> add(lane, object));
      }
    }
    JobProgress job = manifest.level1().job();
    if (job != null) {
      job.outputs().forEach(object -> add(lane, object));
    }
    TableRef table = manifest.table();
    if (table != null && seen.add(table)) {
      add(table.key(lane), table.length());
    }
  }

  private void add(LaneId lane, DataRef object) {
    if (seen.add(object)) {
      add(object.key(lane), object.length());
    }
  }

  private void add(ObjectKey key, long length) {
    objects.put(key, new ListedObject(key, length));
  }

  boolean contains(ObjectKey key) {
    return objects.containsKey(key);
  }

  Collection<ListedObject> all() {
    return objects.values();
  }
}
