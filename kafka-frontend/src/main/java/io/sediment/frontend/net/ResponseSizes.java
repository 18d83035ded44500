package io.sediment.frontend.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.FileRegion;
import io.netty.channel.MessageSizeEstimator;

/**
 * What a piece of a response counts for while it waits to be written. Netty's own estimate of a
 * file region is 0; then a client that does not read would never stop its connection from taking on
 * more.
 */
final class ResponseSizes implements MessageSizeEstimator {
  @Override
  public Handle newHandle() {
    return ResponseSizes::sizeBytes;
  }

  private static int sizeBytes(Object piece) {
    if (piece instanceof FileRegion file) {
      return (int) Math.min(Integer.MAX_VALUE, file.count());
    }
    if (piece instanceof ByteBuf bytes) {
      return bytes.readableBytes();
    }
    throw new IllegalStateException("not a piece of a response: " + piece);
  }
}
