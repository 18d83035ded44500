package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.Manifest;
import java.util.List;

/**
 * A lane at one moment.
 *
 * @param boundary highest manifest id that may have been deleted
 * @param retained the manifests above it, oldest first; the one without a commit in a lane that has
 *     none yet
 */
record LaneView(LaneId lane, long boundary, List<Manifest> retained) {
  LaneView {
    retained = List.copyOf(retained);
  }

  Manifest newest() {
    return retained.get(retained.size() - 1);
  }
}
