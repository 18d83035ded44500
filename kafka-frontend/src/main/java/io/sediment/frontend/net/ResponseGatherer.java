package io.sediment.frontend.net;

import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultFileRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.network.Send;
import org.apache.kafka.common.network.TransferableChannel;

/**
 * A channel that takes everything and writes nothing: it collects the pieces of which the message
 * library composes a response, record bytes by reference, for Netty to write.
 */
final class ResponseGatherer implements TransferableChannel {
  private final List<Object> pieces = new ArrayList<>(4);
  private long sizeBytes;

  private ResponseGatherer() {}

  /** Gathers all of {@code send}. */
  static ResponseGatherer gather(Send send) {
    ResponseGatherer gatherer = new ResponseGatherer();
    try {
      while (!send.completed()) {
        send.writeTo(gatherer);
      }
    } catch (IOException e) {
      throw new IllegalStateException("gathering references does no I/O", e);
    }
    return gatherer;
  }

  /** What Netty writes, in order: buffers and file regions. */
  List<Object> pieces() {
    return pieces;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int write(ByteBuffer source) {
    int size = source.remaining();
    if (size > 0) {
      pieces.add(Unpooled.wrappedBuffer(source.duplicate()));
      source.position(source.limit());
      sizeBytes += size;
    }
    return size;
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) {
    long written = 0;
    for (int i = offset; i < offset + length; i++) {
      written += write(sources[i]);
    }
    return written;
  }

  @Override
  public long write(ByteBuffer[] sources) {
    return write(sources, 0, sources.length);
  }

  @Override
  public boolean hasPendingWrites() {
    return false;
  }

  @Override
  public long transferFrom(FileChannel file, long position, long count) {
    pieces.add(new DefaultFileRegion(file, position, count));
    sizeBytes += count;
    return count;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
