package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.gc.GarbagePolicy;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.objectstore.ListedObject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code gc}: what can go. */
final class GcCommand {
  private GcCommand() {}

  @Command(
      name = "plan",
      description = "Say what the next look for garbage would delete, by the collector's own rule.")
  static final class Plan extends BucketCommand {
    @Option(names = "--list", description = "Each object, too.")
    private boolean listsObjects;

    Plan(ToolContext context) {
      super(context);
    }

    /** One lane's garbage. */
    private static final class OfLane {
      private final GarbagePolicy policy;
      private final long newestManifest;
      private long objects;
      private long bytes;

      OfLane(LaneView view) {
        // As the first pass of a process does, which knows of none before it: it keeps the most.
        List<Manifest> all = view.retained();
        List<Manifest> kept =
            all.subList(Math.max(0, all.size() - ManifestStore.MANIFESTS_KEPT), all.size());
        this.policy = new GarbagePolicy(kept, kept.get(0).id() - 1);
        this.newestManifest = view.newest().id();
      }
    }

    @Override
    int run(BucketView bucket, Output out) {
      Map<LaneId, OfLane> lanes = new TreeMap<>();
      for (LaneId lane : bucket.lanes()) {
        LaneView view = bucket.lane(lane);
        if (view.newest().id() > 0) {
          lanes.put(lane, new OfLane(view));
        }
      }
      for (String folder : List.of("lanes/", "data/")) {
        bucket.list(folder, object -> look(lanes, object, out));
      }
      lanes.forEach(
          (lane, found) ->
              out.row(
                  new Row("gc")
                      .with("lane", lane.value())
                      .with("manifest", found.newestManifest)
                      .with("objects", found.objects)
                      .with("bytes", found.bytes)));
      return Tools.EXIT_CLEAN;
    }

    private void look(Map<LaneId, OfLane> lanes, ListedObject object, Output out) {
      OfLane lane =
          ObjectNames.parse(object.key()).map(ObjectName::lane).map(lanes::get).orElse(null);
      if (lane != null && lane.policy.isGarbage(object)) {
        lane.objects++;
        lane.bytes += object.length();
        if (listsObjects) {
          out.row(new Row("delete").with("key", object.key()).with("bytes", object.length()));
        }
      }
    }
  }
}
