package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/**
 * The state machine's answer to whoever submitted a command: version of the image that shows its
 * effect (i64), then the sized result.
 */
record CommandReply(long imageVersion, byte[] result) {
  Message toMessage() {
    byte[] bytes = new MetadataOutput().i64(imageVersion).sized(result).toByteArray();
    return Message.valueOf(UnsafeByteOperations.unsafeWrap(bytes));
  }

  static CommandReply of(Message message) {
    MetadataInput in =
        new MetadataInput(message.getContent().asReadOnlyByteBuffer(), "command reply");
    long version = in.i64();
    ByteBuffer sized = in.sized();
    in.end();
    byte[] result = new byte[sized.remaining()];
    sized.get(result);
    return new CommandReply(version, result);
  }
}
