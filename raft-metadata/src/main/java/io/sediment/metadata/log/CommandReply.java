package io.sediment.metadata.log;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;

/**
 * The state machine's answer to whoever submitted a command: version of the image that shows its
 * effect (i64), then the sized result.
 */
record CommandReply(long imageVersion, byte[] result) {
  byte[] encode() {
    return new MetadataOutput().i64(imageVersion).sized(result).toByteArray();
  }

  static CommandReply decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "command reply");
    long version = in.i64();
    ByteBuffer sized = in.sized();
    in.end();
    byte[] result = new byte[sized.remaining()];
    sized.get(result);
    return new CommandReply(version, result);
  }
}
