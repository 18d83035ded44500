package io.sediment.cluster.tools;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.records.BrokenRecordsException;
import io.sediment.lsm.records.RecordCursor;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Topic;
import io.sediment.objectstore.ByteRange;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code partition}: one partition, over all its lanes. */
final class PartitionCommand {
  /** Most that a batch may hold when it is inflated. */
  private static final long INFLATED_BYTES_MAX = 256 << 20;

  private PartitionCommand() {}

  /** What commands on a partition have in common. */
  abstract static class OfPartition extends BucketCommand {
    @Parameters(index = "0", paramLabel = "TOPIC", description = "Name or id.")
    private String topic = "";

    @Parameters(index = "1", paramLabel = "PARTITION", description = "Number.")
    private int number;

    OfPartition(ToolContext context) {
      super(context);
    }

    @Override
    final int run(BucketView bucket, Output out) {
      MetadataImage image = bucket.image();
      Topic found =
          BucketView.topic(image, topic).orElseThrow(() -> new UsageException("no topic " + topic));
      Partition partition = found.partition(number);
      if (partition == null) {
        throw new UsageException(
            topic + " has partitions 0 to " + (found.partitionCount() - 1) + ": " + number);
      }
      return run(bucket, out, new PartitionId(found.id(), number), partition);
    }

    abstract int run(BucketView bucket, Output out, PartitionId id, Partition partition);
  }

  private static String levelName(int level) {
    return level < 0 ? "log" : Integer.toString(level);
  }

  @Command(name = "locate", description = "Say in which block of which object an offset lies.")
  static final class Locate extends OfPartition {
    @Parameters(index = "2", paramLabel = "OFFSET", description = "Of a record.")
    private long offset;

    Locate(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out, PartitionId id, Partition partition) {
      if (offset < partition.logStartOffset()) {
        throw new UsageException("the log starts at " + partition.logStartOffset());
      }
      List<PartitionBlocks.Place> places = new ArrayList<>();
      new PartitionBlocks(bucket).walk(id, partition, offset, offset + 1, places::add);
      if (places.isEmpty()) {
        throw new UsageException(
            "no block holds it: it is not written or not acknowledged yet, or log compaction has"
                + " taken it; placements="
                + partition.placements());
      }
      for (PartitionBlocks.Place place : places) {
        Block block = place.block();
        out.row(
            new Row("block")
                .with("offset", offset)
                .with("leaderEpoch", block.leaderEpoch())
                .with("lane", place.placement().lane().value())
                .with("laneEpoch", place.placement().laneEpoch())
                .with("level", levelName(place.level()))
                .with("key", place.object())
                .with("position", block.position())
                .with("length", block.length())
                .with("fromOffset", block.baseOffset())
                .with("toOffset", block.lastOffset() + 1)
                .with("maxTimestamp", block.maxTimestamp()));
      }
      return Tools.EXIT_CLEAN;
    }
  }

  @Command(
      name = "scan",
      description = "Print the records of a partition as they lie in the bucket, in their order.")
  static final class Scan extends OfPartition {
    @Option(names = "--from", defaultValue = "0", description = "First offset.")
    private long from;

    @Option(
        names = "--to",
        defaultValue = "9223372036854775807",
        showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER,
        description = "Offset to end before.")
    private long to;

    @Option(names = "--limit", description = "Most records.")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--values", description = "Also keys and values, as UTF-8.")
    private boolean withValues;

    private long printed;
    private boolean isDamaged;

    Scan(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out, PartitionId id, Partition partition) {
      new PartitionBlocks(bucket)
          .walk(
              id,
              partition,
              from,
              to,
              place -> {
                print(bucket, out, id, place);
                return printed < limit;
              });
      return isDamaged ? Tools.EXIT_DAMAGED : Tools.EXIT_CLEAN;
    }

    private void print(BucketView bucket, Output out, PartitionId id, PartitionBlocks.Place place) {
      Block block = place.block();
      try {
        ByteBuffer bytes = read(bucket, place);
        for (int at = 0; at < bytes.limit() && printed < limit; ) {
          int size = RecordBatchLayout.sizeInBytes(bytes, at);
          print(out, place, bytes.slice(at, size));
          at += size;
        }
      } catch (CorruptObjectException | BrokenRecordsException e) {
        isDamaged = true;
        Damage.Where where =
            new Damage.Where(
                id.toString(),
                block.position(),
                block.length(),
                block.baseOffset(),
                block.lastOffset() + 1);
        out.row(new Damage(place.object(), where, String.valueOf(e.getMessage())).row());
      }
    }

    private static ByteBuffer read(BucketView bucket, PartitionBlocks.Place place) {
      Block block = place.block();
      return bucket.await(
          ReadAgain.whileCorrupt(
              () ->
                  bucket
                      .store()
                      .get(place.object(), ByteRange.of(block.position(), block.length()))
                      .thenApply(
                          found -> {
                            ByteBuffer bytes =
                                found
                                    .orElseThrow(
                                        () ->
                                            new UsageException(
                                                "gone meanwhile, ask again: " + place.object()))
                                    .bytes();
                            SortedObjectReader.verifyBlock(place.object(), block, bytes);
                            return bytes;
                          })));
    }

    private void print(Output out, PartitionBlocks.Place place, ByteBuffer batch)
        throws BrokenRecordsException {
      boolean hasBrokersTime = RecordBatchLayout.isLogAppendTime(batch, 0);
      try (RecordCursor records = new RecordCursor(batch, INFLATED_BYTES_MAX)) {
        while (printed < limit && records.next()) {
          if (records.offset() < place.from() || records.offset() >= place.to()) {
            continue;
          }
          printed++;
          Row row =
              new Row(RecordBatchLayout.isControl(batch, 0) ? "control" : "record")
                  .with("offset", records.offset())
                  .with(
                      "timestamp",
                      hasBrokersTime
                          ? RecordBatchLayout.maxTimestamp(batch, 0)
                          : records.timestamp())
                  .with("keyBytes", records.keyLength())
                  .with("valueBytes", records.valueLength());
          if (withValues) {
            row.with("key", records.hasKey() ? text(records.key()) : null)
                .with("value", records.hasValue() ? text(records.value()) : null);
          }
          out.row(row);
        }
      }
    }

    private static String text(byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }
}
