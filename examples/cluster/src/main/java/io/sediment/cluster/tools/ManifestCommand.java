package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.JobProgress;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.metadata.MetadataImage;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "manifest", description = "Show what a lane consists of, as one manifest has it.")
final class ManifestCommand extends BucketCommand {
  @Parameters(index = "0", paramLabel = "LANE", description = "Number of the lane.")
  private int lane;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "ID",
      description = "Of the manifest; none: the newest.")
  private @Nullable Long id;

  @Option(names = "--table", description = "Also where each partition ends.")
  private boolean withTable;

  ManifestCommand(ToolContext context) {
    super(context);
  }

  @Override
  int run(BucketView bucket, Output out) {
    LaneId laneId = Arguments.lane(lane);
    Long wanted = id;
    Manifest manifest =
        wanted == null
            ? bucket.lane(laneId).newest()
            : bucket.manifest(laneId, wanted).orElse(null);
    if (manifest == null || manifest.id() == 0) {
      throw new UsageException(
          "lane " + lane + " has no manifest" + (wanted == null ? "" : " " + wanted));
    }
    out.row(
        new Row("manifest")
            .with("lane", lane)
            .with("id", manifest.id())
            .with("committer", manifest.commitId().committer())
            .with("incarnation", manifest.term().incarnation())
            .with("writerEpoch", manifest.term().epoch())
            .with("writerId", manifest.term().writerId())
            .with("replayAfter", manifest.replayAfter())
            .with("writerLowMark", manifest.writerLowMark())
            .with("compactorEpoch", manifest.level1().compactorEpoch())
            .with("compactorLowMark", manifest.level1().lowMark()));
    TableRef table = manifest.table();
    if (table != null) {
      out.row(new Row("table").with("key", table.key(laneId)).with("length", table.length()));
    }
    for (RunRef run : manifest.level1().runs()) {
      out.row(
          new Row("run")
              .with("key", run.key(laneId))
              .with("retentionClass", run.retentionClass())
              .with("partitions", run.partitionCount())
              .with("dataBytes", run.dataBytes())
              .with("maxTimestamp", run.maxTimestamp())
              .with("covers", run.coversAfter() + ".." + run.coversUpTo())
              .with("objects", run.objects().stream().map(object -> object.key(laneId)).toList()));
    }
    for (L0Ref ref : manifest.l0()) {
      out.row(
          new Row("l0")
              .with("key", ref.key(laneId))
              .with("length", ref.length())
              .with("partitions", ref.partitionCount())
              .with("dataBytes", ref.dataBytes())
              .with("maxTimestamp", ref.maxTimestamp()));
    }
    JobProgress job = manifest.level1().job();
    if (job != null) {
      out.row(
          new Row("job")
              .with("runs", job.runs())
              .with("l0", job.l0().size())
              .with(
                  "outputs", job.outputs().stream().map((DataRef it) -> it.key(laneId)).toList()));
    }
    if (withTable && table != null) {
      table(bucket, out, laneId, table);
    }
    return Tools.EXIT_CLEAN;
  }

  private static void table(BucketView bucket, Output out, LaneId lane, TableRef ref) {
    MetadataImage image = bucket.image();
    Optional<PartitionTable> table = bucket.table(lane, ref);
    if (table.isEmpty()) {
      throw new UsageException("gone, ask for a newer manifest: " + ref.key(lane));
    }
    for (Map.Entry<io.sediment.lsm.PartitionId, PartitionTable.Row> row :
        table.get().rows().entrySet()) {
      out.row(
          new Row("partition")
              .with("partition", BucketView.partitionName(image, row.getKey()))
              .with("nextOffset", row.getValue().nextOffset())
              .with("lastLeaderEpoch", row.getValue().lastLeaderEpoch())
              .with("bytes", row.getValue().bytes())
              .with("maxTimestamp", row.getValue().maxTimestamp()));
    }
  }
}
