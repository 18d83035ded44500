package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Coverage.Piece;
import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.RunBlock;
import io.sediment.lsm.run.RunSection;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Topic;
import io.sediment.objectstore.ObjectKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run: that its directory is what the manifest says, and that each block it names lies where it
 * says, in an object that says the same of it (I6).
 */
final class RunCheck {
  private final BucketView bucket;
  private final LaneId lane;
  private final @Nullable MetadataImage image;
  private final Consumer<Finding> findings;

  RunCheck(
      BucketView bucket, LaneId lane, @Nullable MetadataImage image, Consumer<Finding> findings) {
    this.bucket = bucket;
    this.lane = lane;
    this.image = image;
    this.findings = findings;
  }

  /** Adds what an intact run holds. */
  void look(RunRef run, Coverage coverage) {
    Optional<Directory> found;
    try {
      found = bucket.directory(lane, run);
    } catch (CorruptObjectException e) {
      return; // said where every named object is looked at
    }
    if (found.isEmpty()) {
      return;
    }
    Directory directory = found.get();
    checkFacts(run, directory);
    for (int i = 0; i < directory.objects().size(); i++) {
      checkBlocks(run, directory, i);
    }
    for (RunSection section : directory.sections()) {
      checkGaps(run, section);
      List<RunBlock> blocks = section.blocks();
      Coverage.Interval before = coverage.of(section.partition());
      int lastEpoch = before == null ? 0 : before.leaderEpoch();
      coverage.add(
          run.key(lane),
          new Piece(
              section.partition(),
              section.fromOffset(),
              section.toOffset(),
              blocks.isEmpty() ? lastEpoch : blocks.get(0).block().leaderEpoch(),
              blocks.isEmpty() ? lastEpoch : blocks.get(blocks.size() - 1).block().leaderEpoch()));
    }
  }

  private void checkFacts(RunRef run, Directory directory) {
    RunRef own = directory.ref(run.length(), run.checksum());
    if (own.retentionClass() != run.retentionClass()
        || own.partitionCount() != run.partitionCount()
        || own.dataBytes() != run.dataBytes()
        || own.maxTimestamp() != run.maxTimestamp()
        || own.changesEpoch() != run.changesEpoch()) {
      findings.accept(
          Finding.damage(
              Check.I6, run.key(lane), "is not what the manifest says: " + own + " of " + run));
    }
  }

  private void checkBlocks(RunRef run, Directory directory, int object) {
    DataRef ref = directory.objects().get(object);
    ObjectKey key = ref.key(lane);
    Optional<SortedObject> data;
    try {
      data = bucket.object(key);
    } catch (CorruptObjectException e) {
      return; // said where every named object is looked at
    }
    if (data.isEmpty()) {
      return;
    }
    Map<Long, Block> byPosition = new HashMap<>();
    for (Section section : data.get().sections()) {
      section.blocks().forEach(block -> byPosition.put(block.position(), block));
    }
    for (RunSection section : directory.sections()) {
      for (RunBlock each : section.blocks()) {
        Block block = each.block();
        Block there = each.object() == object ? byPosition.get(block.position()) : block;
        if (there == null
            || there.length() != block.length()
            || there.crc32c() != block.crc32c()
            || there.baseOffset() != block.baseOffset()
            || there.lastOffset() != block.lastOffset()) {
          findings.accept(
              Finding.damage(
                  Check.I6,
                  run.key(lane),
                  "names a block that "
                      + key
                      + " has not: partition="
                      + section.partition()
                      + " "
                      + block));
        }
      }
    }
  }

  /** Log compaction leaves gaps, and time in another lane; nothing else does. */
  private void checkGaps(RunRef run, RunSection section) {
    if (!section.fields().isEmpty() || isCompacted(section)) {
      return;
    }
    long expected = section.fromOffset();
    boolean isGapless = true;
    for (RunBlock each : section.blocks()) {
      long begin = each.block().baseOffset();
      isGapless &= begin <= expected || isElsewhere(section.partition(), expected, begin);
      expected = each.block().lastOffset() + 1;
    }
    isGapless &= expected == section.toOffset();
    if (!isGapless) {
      findings.accept(
          Finding.warning(
              Check.I8,
              run.key(lane),
              "offsets are missing inside a section of a topic that is not compacted now:"
                  + " partition="
                  + section.partition()
                  + " fromOffset="
                  + section.fromOffset()
                  + " toOffset="
                  + section.toOffset()));
    }
  }

  /** Whether no offset from {@code from} to before {@code to} is due in this lane. */
  private boolean isElsewhere(PartitionId id, long from, long to) {
    Partition partition = image == null ? null : image.partition(id.topicId(), id.partition());
    if (partition == null) {
      return true; // deleted, or nobody knows
    }
    long counts = Math.max(from, partition.logStartOffset());
    return Stay.of(partition).stream()
        .filter(stay -> stay.lane().equals(lane))
        .noneMatch(stay -> Math.max(counts, stay.from()) < Math.min(to, stay.to()));
  }

  /** Also where nobody knows. */
  private boolean isCompacted(RunSection section) {
    Topic topic = image == null ? null : image.topic(section.partition().topicId());
    return topic == null
        || topic.configs().getOrDefault("cleanup.policy", "delete").contains("compact");
  }
}
