package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.gc.GarbagePolicy;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.JobProgress;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.object.SortedObject;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.objectstore.ObjectKey;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One lane: that everything its retained manifests name is there and is what they say (I6), and
 * that what the newest one names holds each partition without a gap (I8), as its table says (I10),
 * which also knows the producers of what was adopted (I9).
 */
final class LaneCheck {
  private final BucketView bucket;
  private final @Nullable MetadataImage image;
  private final Consumer<Finding> findings;

  /**
   * @param image null where it cannot be read
   */
  LaneCheck(BucketView bucket, @Nullable MetadataImage image, Consumer<Finding> findings) {
    this.bucket = bucket;
    this.image = image;
    this.findings = findings;
  }

  /**
   * @param tail of the log, as seen together with {@code view}
   */
  LaneShape look(LaneView view, LogCheck.Tail tail) {
    Manifest newest = view.newest();
    checkAgainstMetadata(newest);
    Named named = new Named(view.lane());
    for (int i = view.retained().size() - 1; i >= 0; i--) {
      named.look(view.retained().get(i)); // the newest to name an object is what keeps it
    }
    RunCheck runs = new RunCheck(bucket, view.lane(), image, findings);
    Coverage coverage = Coverage.ofLevels(image, findings);
    newest.level1().runs().forEach(run -> runs.look(run, coverage));
    AdoptedProducers adopted = new AdoptedProducers();
    newest.l0().forEach(ref -> look(view.lane(), ref, coverage, adopted));
    checkTable(newest, coverage, adopted);
    coverage.addAll("lane " + view.lane() + " log", tail.coverage());
    return new LaneShape(
        view,
        named.keys,
        new GarbagePolicy(view.retained(), view.boundary()),
        tail.ends(),
        coverage);
  }

  private void checkAgainstMetadata(Manifest newest) {
    Lane lane =
        image == null ? null : image.lane(new io.sediment.metadata.LaneId(newest.lane().value()));
    if (image == null || lane == null) {
      return; // said where the registry is looked at
    }
    String subject = "lane " + newest.lane();
    if (newest.term().epoch() > lane.epoch() || newest.term().incarnation() > image.incarnation()) {
      findings.accept(
          Finding.damage(
              Check.I5,
              subject,
              "is claimed by somebody to whom it was never granted: "
                  + newest.term()
                  + ", granted epoch="
                  + lane.epoch()));
    }
    if (!lane.isOpen() && lane.state() != Lane.State.SEALED) {
      return;
    }
    long settled = settledEpoch(image, lane);
    String state = "is " + lane.state() + ", which takes epoch " + settled;
    if (newest.term().epoch() < settled) {
      findings.accept(
          Finding.damage(
              Check.I5, subject, state + ", and its manifest knows " + newest.term() + " only"));
    }
    if (newest.replayAfter().epoch() < settled) {
      findings.accept(
          Finding.damage(
              Check.I10,
              subject,
              state + ", and its log before was not adopted: replayAfter=" + newest.replayAfter()));
    }
  }

  /**
   * The epoch that a lane at rest must have in its manifest, or a higher one. A lane that is sealed
   * passes to further owners in the metadata alone: all that is known is that it was sealed above
   * every epoch in which it was appended to.
   */
  private static long settledEpoch(MetadataImage image, Lane lane) {
    if (lane.isOpen()) {
      return lane.epoch();
    }
    return image.topics().stream()
        .flatMap(topic -> topic.partitions().stream())
        .flatMap(partition -> partition.placements().stream())
        .filter(placement -> placement.lane().equals(lane.id()))
        .mapToLong(placement -> placement.laneEpoch() + 1)
        .max()
        .orElse(0);
  }

  private void look(LaneId lane, L0Ref ref, Coverage coverage, AdoptedProducers adopted) {
    try {
      bucket
          .object(ref.key(lane))
          .ifPresent(
              object -> {
                LogCheck.checkIsGapless(object, findings);
                if (ref.isAdoptedWal()) {
                  adopted.add(ref, object);
                }
                object
                    .sections()
                    .forEach(section -> coverage.add(object.key(), LogCheck.pieceOf(section)));
              });
    } catch (CorruptObjectException e) {
      return; // said where every named object is looked at
    }
  }

  /** The table ends each partition where the objects do (I10), with the same producers (I9). */
  private void checkTable(Manifest newest, Coverage coverage, AdoptedProducers adopted) {
    TableRef ref = newest.table();
    if (ref == null) {
      return;
    }
    Optional<PartitionTable> table;
    try {
      table = bucket.table(newest.lane(), ref);
    } catch (CorruptObjectException e) {
      return; // said where every named object is looked at
    }
    if (table.isEmpty()) {
      return;
    }
    adopted.check(table.get(), ref.key(newest.lane()).toString(), findings);
    for (Map.Entry<PartitionId, PartitionTable.Row> entry : table.get().rows().entrySet()) {
      PartitionId partition = entry.getKey();
      long end = entry.getValue().nextOffset();
      Coverage.Interval held = coverage.of(partition);
      if (held == null && end > coverage.logStart(partition) && image != null) {
        findings.accept(
            Finding.damage(
                Check.I8,
                "lane " + newest.lane() + " partition " + partition,
                "offsets are missing: fromOffset="
                    + coverage.logStart(partition)
                    + " toOffset="
                    + end));
      } else if (held != null && held.to() != end) {
        findings.accept(
            Finding.damage(
                Check.I10,
                ref.key(newest.lane()),
                "partition="
                    + partition
                    + " ends at "
                    + held.to()
                    + " in the objects, and at "
                    + end
                    + " in the table"));
      }
      coverage.endsAt(partition, end, entry.getValue().lastLeaderEpoch());
    }
  }

  /** What retained manifests name, each object looked at once. */
  private final class Named {
    private final LaneId lane;
    private final Set<Object> seen = new HashSet<>();
    private final Set<ObjectKey> keys = new HashSet<>();

    Named(LaneId lane) {
      this.lane = lane;
    }

    void look(Manifest manifest) {
      TableRef table = manifest.table();
      if (table != null && seen.add(table)) {
        require(manifest, table.key(lane), () -> bucket.table(lane, table).isPresent());
      }
      for (L0Ref ref : manifest.l0()) {
        if (seen.add(ref)) {
          require(manifest, ref.key(lane), () -> isAsNamed(ref));
        }
      }
      for (RunRef run : manifest.level1().runs()) {
        if (seen.add(List.of(run.epoch(), run.number()))) {
          require(manifest, run.key(lane), () -> bucket.directory(lane, run).isPresent());
          run.objects().forEach(object -> look(manifest, object));
        }
      }
      JobProgress job = manifest.level1().job();
      if (job != null) {
        job.outputs().forEach(object -> look(manifest, object));
      }
    }

    private void look(Manifest manifest, DataRef ref) {
      if (seen.add(ref)) {
        require(manifest, ref.key(lane), () -> isAsNamed(ref));
      }
    }

    private boolean isAsNamed(L0Ref ref) {
      Optional<SortedObject> object = bucket.object(ref.key(lane));
      object
          .map(L0Ref::of)
          .filter(own -> !own.equals(ref))
          .ifPresent(own -> isNotAsNamed(ref.key(lane), own, ref));
      return object.isPresent();
    }

    private boolean isAsNamed(DataRef ref) {
      Optional<SortedObject> object = bucket.object(ref.key(lane));
      object
          .filter(own -> own.length() != ref.length() || own.footerCrc() != ref.footerCrc())
          .ifPresent(own -> isNotAsNamed(ref.key(lane), own.identity(), ref));
      return object.isPresent();
    }

    private void isNotAsNamed(ObjectKey key, Object own, Object ref) {
      findings.accept(
          Finding.damage(Check.I6, key, "is not what the manifest says: " + own + " of " + ref));
    }

    private void require(Manifest manifest, ObjectKey key, Look look) {
      keys.add(key);
      try {
        // What only reclaimed manifests name may go at any time.
        if (!look.isThere() && bucket.boundary(lane) < manifest.id()) {
          findings.accept(
              Finding.damage(
                  Check.I6,
                  key,
                  "missing: named by manifest " + manifest.id() + " of lane " + lane));
        }
      } catch (CorruptObjectException e) {
        findings.accept(Finding.damage(Check.CHECKSUM, key, String.valueOf(e.getMessage())));
      }
    }
  }

  private interface Look {
    boolean isThere();
  }
}
