package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestInvariants;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The manifests of a lane: dense from the boundary on, and each what its committer's role may have
 * made of the one before (I5).
 */
final class ManifestCheck {
  private final BucketView bucket;
  private final Consumer<Finding> findings;

  ManifestCheck(BucketView bucket, Consumer<Finding> findings) {
    this.bucket = bucket;
    this.findings = findings;
  }

  /** What can be read of them; empty where that is none. */
  Optional<LaneView> look(LaneId lane) {
    LaneKeys keys = new LaneKeys(lane);
    TreeSet<Long> ids = new TreeSet<>();
    bucket.list(
        keys.manifestPrefix(),
        object -> {
          if (ObjectNames.parse(object.key()).orElse(null) instanceof ManifestName name) {
            ids.add(name.id());
          }
        });
    long boundary = boundary(lane, keys, ids);
    ids.headSet(boundary, true).clear();
    long last = ids.isEmpty() ? boundary : ids.last();
    while (bucket.exists(keys.manifest(last + 1))) {
      last++; // a listing may leave out what is new
    }
    if (last == boundary) {
      if (boundary > 0) {
        findings.accept(
            Finding.damage(Check.I5, "lane " + lane, "no manifest above the boundary " + boundary));
      }
      return Optional.empty();
    }
    List<Manifest> retained = new ArrayList<>();
    for (long id = boundary + 1; id <= last; id++) {
      read(lane, keys, id).ifPresent(manifest -> add(retained, manifest));
    }
    return retained.isEmpty()
        ? Optional.empty()
        : Optional.of(new LaneView(lane, boundary, retained));
  }

  private long boundary(LaneId lane, LaneKeys keys, TreeSet<Long> ids) {
    ObjectKey key = keys.boundary();
    try {
      long boundary = bucket.boundary(lane);
      if (boundary == 0 && !ids.isEmpty() && ids.first() > 1) {
        findings.accept(
            Finding.damage(
                Check.I5, key, "missing or too low: the oldest manifest is " + ids.first()));
        return ids.first() - 1;
      }
      return boundary;
    } catch (CorruptObjectException e) {
      findings.accept(Finding.damage(Check.CHECKSUM, key, String.valueOf(e.getMessage())));
      return ids.isEmpty() ? 0 : ids.first() - 1;
    }
  }

  private Optional<Manifest> read(LaneId lane, LaneKeys keys, long id) {
    try {
      Optional<Manifest> found = bucket.manifest(lane, id);
      if (found.isEmpty() && bucket.boundary(lane) < id) {
        findings.accept(
            Finding.damage(Check.I5, keys.manifest(id), "missing: newer ones are there"));
      }
      return found;
    } catch (CorruptObjectException e) {
      findings.accept(
          Finding.damage(Check.CHECKSUM, keys.manifest(id), String.valueOf(e.getMessage())));
      return Optional.empty();
    }
  }

  private void add(List<Manifest> retained, Manifest next) {
    Manifest base = retained.isEmpty() ? null : retained.get(retained.size() - 1);
    if (base != null && base.id() + 1 == next.id()) {
      List<String> broken = ManifestInvariants.brokenBetween(base, next);
      if (!broken.isEmpty()) {
        findings.accept(
            Finding.damage(
                Check.I5,
                new LaneKeys(next.lane()).manifest(next.id()),
                "may not follow on the one before: " + broken));
      }
    }
    retained.add(next);
  }
}
