package io.sediment.metadata.liveness;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A broker process says that it is alive, or for the last time that it is about to end, and what
 * its lane is doing.
 *
 * <p>A later version only adds to the end, which who does not know it yet leaves unread: brokers of
 * both must keep their leases while a cluster is upgraded. So it is with {@link HeartbeatReply}.
 *
 * <pre>
 *   format version (u8), broker id (varint), broker epoch (varint), leaving (u8: 0 or 1),
 *   and from version 2 on: has a lane (u8: 0 or 1), and if it has, number, epoch, acknowledged
 *   seq and load (varints)
 * </pre>
 *
 * @param leaving its lane is closed, so that others need not wait for its lease to end
 * @param lane null before its lane is open
 */
public record Heartbeat(int broker, long brokerEpoch, boolean leaving, @Nullable LaneReport lane) {
  private static final int VERSION_WITHOUT_LANE = 1;
  private static final int VERSION = 2;

  public Heartbeat(int broker, long brokerEpoch, boolean leaving) {
    this(broker, brokerEpoch, leaving, null);
  }

  public byte[] encode() {
    MetadataOutput out = new MetadataOutput().u8(VERSION).varint(broker).varint(brokerEpoch);
    out.u8(leaving ? 1 : 0).u8(lane == null ? 0 : 1);
    if (lane != null) {
      lane.write(out);
    }
    return out.toByteArray();
  }

  public static Heartbeat decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "heartbeat");
    int version = in.u8();
    if (version < VERSION_WITHOUT_LANE) {
      throw in.corrupt("format version " + version);
    }
    Heartbeat heartbeat =
        new Heartbeat(
            in.varint32(),
            in.varint(),
            in.flag(),
            version > VERSION_WITHOUT_LANE && in.flag() ? LaneReport.read(in) : null);
    if (version <= VERSION) {
      in.end();
    }
    return heartbeat;
  }
}
