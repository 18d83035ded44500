package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code wal}: the objects of a lane's write-ahead log. */
final class WalCommand {
  private WalCommand() {}

  @Command(
      name = "list",
      description = "List the objects of a lane's write-ahead log, and say what they are to it.")
  static final class Listing extends BucketCommand {
    @Parameters(paramLabel = "LANE", description = "Number of the lane.")
    private int lane;

    Listing(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      LaneId id = Arguments.lane(lane);
      Manifest manifest = bucket.lane(id).newest();
      Set<WalSlot> tail = new HashSet<>();
      new WalTail(bucket)
          .walk(
              manifest,
              new WalTail.Visitor() {
                @Override
                public void object(SortedObject object) {
                  tail.add(new WalSlot(object.identity().epoch(), object.identity().number()));
                }

                @Override
                public void epochEnds(WalSlot end, boolean isFenced) {}
              });
      Set<WalSlot> adopted =
          manifest.l0().stream()
              .filter(L0Ref::isAdoptedWal)
              .map(L0Ref::slot)
              .collect(Collectors.toCollection(TreeSet::new));
      bucket.list(
          new LaneKeys(id).walPrefix(),
          object ->
              ObjectNames.parse(object.key())
                  .ifPresent(
                      name -> {
                        if (name instanceof WalName wal) {
                          out.row(row(object, wal.slot(), manifest, tail, adopted));
                        }
                      }));
      return Tools.EXIT_CLEAN;
    }

    private static Row row(
        ListedObject object,
        WalSlot slot,
        Manifest manifest,
        Set<WalSlot> tail,
        Set<WalSlot> adopted) {
      String role;
      if (object.length() == SortedObject.FENCE_LENGTH) {
        role = "fence";
      } else if (adopted.contains(slot)) {
        role = "level 0";
      } else if (tail.contains(slot)) {
        role = "tail";
      } else if (slot.compareTo(manifest.replayAfter()) <= 0) {
        role = "flushed, or referred to by a run";
      } else {
        role = "behind a gap";
      }
      return new Row("wal")
          .with("slot", slot)
          .with("key", object.key())
          .with("length", object.length())
          .with("role", role);
    }
  }

  /** What commands on single slots have in common. */
  abstract static class OfSlots extends BucketCommand {
    @Parameters(index = "0", paramLabel = "LANE", description = "Number of the lane.")
    private int lane;

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "SLOT",
        description = "epoch/seq, like 3/17; none: all that the log consists of beside level 0.")
    private List<String> slots = List.of();

    OfSlots(ToolContext context) {
      super(context);
    }

    void forEach(BucketView bucket, java.util.function.Consumer<ObjectKey> each) {
      LaneKeys keys = new LaneKeys(Arguments.lane(lane));
      if (!slots.isEmpty()) {
        slots.forEach(slot -> each.accept(keys.wal(Arguments.slot(slot))));
        return;
      }
      new WalTail(bucket)
          .walk(
              bucket.lane(Arguments.lane(lane)).newest(),
              new WalTail.Visitor() {
                @Override
                public void object(SortedObject object) {
                  each.accept(object.key());
                }

                @Override
                public void epochEnds(WalSlot end, boolean isFenced) {
                  if (isFenced) {
                    each.accept(keys.wal(end));
                  }
                }
              });
    }
  }

  @Command(
      name = "dump",
      description = "Show what objects of the write-ahead log say of themselves.")
  static final class Dump extends OfSlots {
    Dump(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      ObjectDump dump = new ObjectDump(bucket, out);
      forEach(bucket, dump::dump);
      return Tools.EXIT_CLEAN;
    }
  }

  @Command(
      name = "verify",
      description = "Verify every checksum of objects of the write-ahead log.")
  static final class Verify extends OfSlots {
    Verify(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      VerifiedRows rows = new VerifiedRows(bucket, out);
      forEach(bucket, rows::verify);
      return rows.exitStatus();
    }
  }
}
