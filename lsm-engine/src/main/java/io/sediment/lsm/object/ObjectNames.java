package io.sediment.lsm.object;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.objectstore.ObjectKey;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells from a key what lies there. The inverse of {@link LaneKeys}. */
public final class ObjectNames {
  private static final Pattern LANE_OBJECT =
      Pattern.compile(
          "lanes/(\\d{1,10})/(?:(boundary)|manifest/(\\d{20})|wal/(\\d{20})/(\\d{20}))");
  private static final Pattern DATA_OBJECT =
      Pattern.compile("data/[0-9a-f]{2}/(\\d{1,10})/(\\d{20})-(\\d{20})\\.([a-z0-9]+)");

  private ObjectNames() {}

  /** What a key of the engine names. */
  public sealed interface ObjectName {
    LaneId lane();

    ObjectKey key();
  }

  public record BoundaryName(LaneId lane) implements ObjectName {
    @Override
    public ObjectKey key() {
      return new LaneKeys(lane).boundary();
    }
  }

  public record ManifestName(LaneId lane, long id) implements ObjectName {
    @Override
    public ObjectKey key() {
      return new LaneKeys(lane).manifest(id);
    }
  }

  /** A WAL object or a fence. */
  public record WalName(LaneId lane, WalSlot slot) implements ObjectName {
    @Override
    public ObjectKey key() {
      return new LaneKeys(lane).wal(slot);
    }
  }

  public record DataName(LaneId lane, long epoch, long number, DataKind kind)
      implements ObjectName {
    @Override
    public ObjectKey key() {
      return new LaneKeys(lane).data(epoch, number, kind);
    }
  }

  /** Empty where the key is none of ours, spelled differently than we would included. */
  public static Optional<ObjectName> parse(ObjectKey key) {
    return parse(key.value()).filter(name -> name.key().equals(key));
  }

  private static Optional<ObjectName> parse(String key) {
    try {
      Matcher data = DATA_OBJECT.matcher(key);
      if (data.matches()) {
        LaneId lane = lane(data.group(1));
        long epoch = Long.parseLong(data.group(2));
        long number = Long.parseLong(data.group(3));
        return DataKind.ofSuffix(data.group(4))
            .map(kind -> new DataName(lane, epoch, number, kind));
      }
      Matcher ofLane = LANE_OBJECT.matcher(key);
      if (!ofLane.matches()) {
        return Optional.empty();
      }
      LaneId lane = lane(ofLane.group(1));
      if (ofLane.group(2) != null) {
        return Optional.of(new BoundaryName(lane));
      }
      if (ofLane.group(3) != null) {
        return Optional.of(new ManifestName(lane, Long.parseLong(ofLane.group(3))));
      }
      return Optional.of(
          new WalName(
              lane, new WalSlot(Long.parseLong(ofLane.group(4)), Long.parseLong(ofLane.group(5)))));
    } catch (NumberFormatException tooLarge) {
      return Optional.empty();
    }
  }

  private static LaneId lane(String digits) {
    return new LaneId(Integer.parseInt(digits));
  }
}
