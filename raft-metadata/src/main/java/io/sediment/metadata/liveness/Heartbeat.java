package io.sediment.metadata.liveness;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;

/**
 * A broker process says that it is alive, or for the last time that it is about to end.
 *
 * <pre>
 *   format version (u8), broker id (varint), broker epoch (varint), leaving (u8: 0 or 1)
 * </pre>
 *
 * @param leaving its lane is closed, so that others need not wait for its lease to end
 */
public record Heartbeat(int broker, long brokerEpoch, boolean leaving) {
  private static final int VERSION = 1;

  public byte[] encode() {
    return new MetadataOutput()
        .u8(VERSION)
        .varint(broker)
        .varint(brokerEpoch)
        .u8(leaving ? 1 : 0)
        .toByteArray();
  }

  public static Heartbeat decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "heartbeat");
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("format version " + version);
    }
    Heartbeat heartbeat = new Heartbeat(in.varint32(), in.varint(), in.flag());
    in.end();
    return heartbeat;
  }
}
