package io.sediment.cluster.tools;

import io.sediment.lsm.codec.Checksums;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryLayout;
import io.sediment.lsm.run.RunBlock;
import io.sediment.lsm.run.RunSection;
import io.sediment.metadata.bucket.BucketMetadata;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.StoredBytes;
import java.util.Optional;

/** Spells out what an object says of itself: its index, not its records. */
final class ObjectDump {
  private final BucketView bucket;
  private final Output out;

  ObjectDump(BucketView bucket, Output out) {
    this.bucket = bucket;
    this.out = out;
  }

  /**
   * @throws UsageException if there is no such object, or nothing is known of its format
   */
  void dump(ObjectKey key) {
    Optional<ObjectName> name = ObjectNames.parse(key);
    if (name.isEmpty()) {
      String text =
          BucketMetadata.describe(key, whole(key).bytes())
              .orElseThrow(() -> new UsageException("nothing is known of this key: " + key));
      text.lines().forEach(line -> out.row(new Row("metadata").with("text", line.strip())));
    } else if (name.get() instanceof ManifestName manifest) {
      out.row(
          new Row("manifest")
              .with(
                  "text",
                  bucket.manifest(manifest.lane(), manifest.id()).orElseThrow(() -> gone(key))));
    } else if (name.get() instanceof BoundaryName boundary) {
      whole(key);
      out.row(new Row("boundary").with("manifest", bucket.boundary(boundary.lane())));
    } else if (name.get() instanceof DataName data) {
      switch (data.kind()) {
        case TABLE -> dump(PartitionTableLayout.decode(key, whole(key).bytes()));
        case DIRECTORY -> dump(DirectoryLayout.decode(key, whole(key).bytes()));
        case L0, L1 -> dumpSorted(key);
      }
    } else {
      dumpSorted(key);
    }
  }

  private StoredBytes whole(ObjectKey key) {
    return bucket.read(key).orElseThrow(() -> gone(key));
  }

  private static UsageException gone(ObjectKey key) {
    return new UsageException("no such object: " + key);
  }

  private void dumpSorted(ObjectKey key) {
    SortedObject object = bucket.object(key).orElseThrow(() -> gone(key));
    ObjectIdentity identity = object.identity();
    out.row(
        new Row("object")
            .with("key", key)
            .with("kind", identity.kind())
            .with("length", object.length())
            .with("lane", identity.lane().value())
            .with("incarnation", identity.incarnation())
            .with("epoch", identity.epoch())
            .with("number", identity.number())
            .with("writerId", identity.writerId())
            .with("sections", object.sections().size())
            .with("footerCrc", Checksums.hex(object.footerCrc())));
    for (Section section : object.sections()) {
      out.row(
          new Row("section")
              .with("partition", section.partition())
              .with("fromOffset", section.baseOffset())
              .with("toOffset", section.nextOffset())
              .with("blocks", section.blocks().size())
              .with("bytes", section.length())
              .with("producers", section.producers().size())
              .with("abortedTxns", section.abortedTxns().size()));
      section.blocks().forEach(block -> out.row(row(block)));
      section.producers().forEach(producer -> out.row(row(producer)));
    }
  }

  private static Row row(Block block) {
    return new Row("block")
        .with("position", block.position())
        .with("length", block.length())
        .with("fromOffset", block.baseOffset())
        .with("toOffset", block.lastOffset() + 1)
        .with("leaderEpoch", block.leaderEpoch())
        .with("maxTimestamp", block.maxTimestamp())
        .with("crc32c", Checksums.hex(block.crc32c()));
  }

  private static Row row(ProducerEntry producer) {
    return new Row("producer")
        .with("id", producer.producerId())
        .with("epoch", producer.producerEpoch())
        .with(
            "txnFirstOffset",
            producer.txnFirstOffset() == ProducerEntry.NO_OPEN_TXN
                ? null
                : producer.txnFirstOffset())
        .with("lastAppendMs", producer.lastAppendMs())
        .with(
            "batches",
            producer.batches().stream()
                .map(
                    batch ->
                        batch.baseOffset()
                            + ".."
                            + batch.lastOffset()
                            + " seq "
                            + batch.firstSequence()
                            + ".."
                            + batch.lastSequence())
                .toList());
  }

  private void dump(PartitionTable table) {
    out.row(
        new Row("table")
            .with("lane", table.lane().value())
            .with("epoch", table.epoch())
            .with("number", table.number())
            .with("partitions", table.rows().size()));
    table
        .rows()
        .forEach(
            (partition, row) -> {
              out.row(
                  new Row("partition")
                      .with("partition", partition)
                      .with("nextOffset", row.nextOffset())
                      .with("lastLeaderEpoch", row.lastLeaderEpoch())
                      .with("bytes", row.bytes())
                      .with("maxTimestamp", row.maxTimestamp())
                      .with("producers", row.producers())
                      .with("inherited", row.isInherited())
                      .with("changesKnown", row.sinceSnapshot().isKnown()));
              row.sinceSnapshot().entries().forEach(producer -> out.row(row(producer)));
            });
  }

  private void dump(Directory directory) {
    out.row(
        new Row("directory")
            .with("lane", directory.lane().value())
            .with("epoch", directory.epoch())
            .with("number", directory.number())
            .with("retentionClass", directory.retentionClass())
            .with(
                "objects",
                directory.objects().stream().map(it -> it.key(directory.lane())).toList()));
    for (RunSection section : directory.sections()) {
      out.row(
          new Row("section")
              .with("partition", section.partition())
              .with("fromOffset", section.fromOffset())
              .with("toOffset", section.toOffset())
              .with("blocks", section.blocks().size())
              .with("bytes", section.dataBytes())
              .with("producers", section.producers().entries().size())
              .with("abortedTxns", section.abortedTxns().size()));
      for (RunBlock each : section.blocks()) {
        out.row(row(each.block()).with("object", each.object()));
      }
      section.producers().entries().forEach(producer -> out.row(row(producer)));
    }
  }
}
