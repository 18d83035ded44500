package io.sediment.frontend.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import java.util.function.IntConsumer;

/** Makes Netty read one connection's socket into the buffer of its {@link FrameReader}. */
final class ReceiveAllocator extends DefaultMaxMessagesRecvByteBufAllocator {
  private final FrameReader reader;
  private final IntConsumer bytesArrived;

  ReceiveAllocator(FrameReader reader, IntConsumer bytesArrived) {
    this.reader = reader;
    this.bytesArrived = bytesArrived;
  }

  @Override
  public Handle newHandle() {
    return new MaxMessageHandle() {
      @Override
      public ByteBuf allocate(ByteBufAllocator allocator) {
        return reader.toReadInto(allocator);
      }

      @Override
      public void lastBytesRead(int bytes) {
        if (bytes > 0) {
          reader.learn(bytes, attemptedBytesRead());
          bytesArrived.accept(bytes);
        }
        super.lastBytesRead(bytes);
      }

      @Override
      public int guess() {
        throw new IllegalStateException("the frame reader allocates");
      }
    };
  }
}
