package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.RunBlock;
import io.sediment.lsm.run.RunSection;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.objectstore.ObjectKey;
import java.util.List;
import java.util.function.Predicate;

/**
 * Where a partition lies, block by block in the order of offsets: over its placements, and in each
 * lane over runs, level 0 and the tail of the log.
 */
final class PartitionBlocks {
  /**
   * A block.
   *
   * @param level 1 for a run, 0, or -1 for the log
   * @param from first offset that counts here, with {@code to}; others of the block are dead, or
   *     another lane's
   */
  record Place(Placement placement, int level, ObjectKey object, Block block, long from, long to) {}

  private final BucketView bucket;

  PartitionBlocks(BucketView bucket) {
    this.bucket = bucket;
  }

  /**
   * Shows the blocks that hold any offset in {@code [from, to)}.
   *
   * @param each false ends the walk
   */
  void walk(PartitionId id, Partition partition, long from, long to, Predicate<Place> each) {
    List<Placement> placements = partition.placements();
    for (int i = 0; i < placements.size(); i++) {
      Placement placement = placements.get(i);
      LaneId lane = new LaneId(placement.lane().value());
      long end = i + 1 < placements.size() ? placements.get(i + 1).startOffset() : Long.MAX_VALUE;
      long first = Math.max(from, Math.max(partition.logStartOffset(), placement.startOffset()));
      if (first < Math.min(to, end)
          && !new Walk(id, placement, first, Math.min(to, end), each).in(lane)) {
        return;
      }
    }
  }

  /** The part of a partition that lies under one placement. */
  private final class Walk {
    private final PartitionId id;
    private final Placement placement;
    private final long from;
    private final long to;
    private final Predicate<Place> each;
    private boolean goesOn = true;

    Walk(PartitionId id, Placement placement, long from, long to, Predicate<Place> each) {
      this.id = id;
      this.placement = placement;
      this.from = from;
      this.to = to;
      this.each = each;
    }

    boolean in(LaneId lane) {
      Manifest manifest = bucket.lane(lane).newest();
      for (RunRef run : manifest.level1().runs()) {
        Directory directory = bucket.directory(lane, run).orElseThrow(() -> changed(run.key(lane)));
        directory.section(id).ifPresent(section -> show(lane, directory, section));
      }
      for (L0Ref ref : manifest.l0()) {
        if (goesOn) {
          show(0, bucket.object(ref.key(lane)).orElseThrow(() -> changed(ref.key(lane))));
        }
      }
      if (goesOn) {
        new WalTail(bucket)
            .walk(
                manifest,
                new WalTail.Visitor() {
                  @Override
                  public void object(SortedObject object) {
                    show(-1, object);
                  }

                  @Override
                  public void epochEnds(WalSlot end, boolean isFenced) {}
                });
      }
      return goesOn;
    }

    private void show(LaneId lane, Directory directory, RunSection section) {
      for (RunBlock each : section.blocks()) {
        DataRef object = directory.objects().get(each.object());
        show(1, object.key(lane), each.block());
      }
    }

    private void show(int level, SortedObject object) {
      for (Section section : object.sections()) {
        if (section.partition().equals(id)) {
          section.blocks().forEach(block -> show(level, object.key(), block));
        }
      }
    }

    private void show(int level, ObjectKey object, Block block) {
      if (goesOn && block.lastOffset() >= from && block.baseOffset() < to) {
        goesOn =
            each.test(
                new Place(
                    placement,
                    level,
                    object,
                    block,
                    Math.max(from, block.baseOffset()),
                    Math.min(to, block.lastOffset() + 1)));
      }
    }
  }

  private static UsageException changed(ObjectKey key) {
    return new UsageException("gone meanwhile, ask again: " + key);
  }
}
