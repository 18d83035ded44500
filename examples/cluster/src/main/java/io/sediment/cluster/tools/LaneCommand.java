package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.SortedObject;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "lane",
    description = "List lanes: who has them, in which state, what they consist of.")
final class LaneCommand extends BucketCommand {
  @Parameters(arity = "0..*", paramLabel = "LANE", description = "Numbers of lanes; none: all.")
  private List<Integer> wanted = List.of();

  LaneCommand(ToolContext context) {
    super(context);
  }

  @Override
  int run(BucketView bucket, Output out) {
    MetadataImage image = bucket.image();
    List<LaneId> lanes = bucket.lanes();
    for (int lane : wanted) {
      if (lane < 0 || !lanes.contains(new LaneId(lane))) {
        throw new UsageException("no lane " + lane + ", there are " + lanes);
      }
    }
    for (LaneId lane : lanes) {
      if (wanted.isEmpty() || wanted.contains(lane.value())) {
        out.row(row(bucket, image, lane));
      }
    }
    return Tools.EXIT_CLEAN;
  }

  private static Row row(BucketView bucket, MetadataImage image, LaneId id) {
    Lane lane = image.lane(new io.sediment.metadata.LaneId(id.value()));
    LaneView view = bucket.lane(id);
    Manifest manifest = view.newest();
    Tail tail = new Tail();
    new WalTail(bucket).walk(manifest, tail);
    return new Row("lane")
        .with("lane", id.value())
        .with("state", lane == null ? "UNKNOWN" : lane.state())
        .with("owner", lane == null ? null : lane.owner())
        .with("epoch", lane == null ? null : lane.epoch())
        .with("writerEpoch", manifest.term().epoch())
        .with("incarnation", manifest.term().incarnation())
        .with("manifest", manifest.id())
        .with("boundary", view.boundary())
        .with("replayAfter", manifest.replayAfter())
        .with("l0Objects", manifest.l0().size())
        .with("l0Bytes", manifest.l0().stream().mapToLong(L0Ref::length).sum())
        .with("runs", manifest.level1().runs().size())
        .with("runBytes", manifest.level1().runs().stream().mapToLong(RunRef::dataBytes).sum())
        .with("compactorEpoch", manifest.level1().compactorEpoch())
        .with("tailObjects", tail.objects)
        .with("tailBytes", tail.bytes)
        .with("tailEnd", tail.end)
        .with("tailEndsAt", tail.isFenced ? "fence" : "gap");
  }

  private static final class Tail implements WalTail.Visitor {
    private long objects;
    private long bytes;
    private @Nullable WalSlot end;
    private boolean isFenced;

    @Override
    public void object(SortedObject object) {
      objects++;
      bytes += object.length();
    }

    @Override
    public void epochEnds(WalSlot slot, boolean fenced) {
      end = slot;
      isFenced = fenced;
    }
  }
}
