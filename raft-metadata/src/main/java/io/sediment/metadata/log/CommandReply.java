package io.sediment.metadata.log;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;

/**
 * The state machine's answer to whoever submitted a command.
 *
 * <p>As with heartbeats, a later version only adds to the end, which who does not know it yet
 * leaves unread: commands are answered while brokers of both are in the cluster. What the result
 * means may change, too: it has a version of its own, and one that is not known there is refused
 * ({@link io.sediment.metadata.CommandLayout}).
 *
 * <pre>
 *   format version (u8), version of the image that shows the effect (i64), result (sized)
 * </pre>
 */
record CommandReply(long imageVersion, byte[] result) {
  private static final int VERSION = 1;

  byte[] encode() {
    return new MetadataOutput().u8(VERSION).i64(imageVersion).sized(result).toByteArray();
  }

  /**
   * @throws io.sediment.metadata.CorruptMetadataException where the bytes are no reply
   */
  static CommandReply decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "command reply");
    int version = in.u8();
    if (version < VERSION) {
      throw in.corrupt("format version " + version + ", oldest known " + VERSION);
    }
    long imageVersion = in.i64();
    ByteBuffer sized = in.sized();
    if (version == VERSION) {
      in.end();
    }
    byte[] result = new byte[sized.remaining()];
    sized.get(result);
    return new CommandReply(imageVersion, result);
  }
}
