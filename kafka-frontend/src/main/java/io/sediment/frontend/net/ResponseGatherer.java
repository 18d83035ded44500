package io.sediment.frontend.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.network.Send;
import org.apache.kafka.common.network.TransferableChannel;

/**
 * A channel that takes everything and writes nothing: it collects the buffers of which the message
 * library composes a response, record bytes by reference, for Netty to write.
 */
final class ResponseGatherer implements TransferableChannel {
  private final List<ByteBuffer> buffers = new ArrayList<>(4);

  private ResponseGatherer() {}

  /** The buffers of {@code send}, in order. */
  static List<ByteBuffer> gather(Send send) {
    ResponseGatherer gatherer = new ResponseGatherer();
    try {
      while (!send.completed()) {
        send.writeTo(gatherer);
      }
    } catch (IOException e) {
      throw new IllegalStateException("gathering memory does no I/O", e);
    }
    return gatherer.buffers;
  }

  @Override
  public int write(ByteBuffer source) {
    int size = source.remaining();
    if (size > 0) {
      buffers.add(source.duplicate());
      source.position(source.limit());
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
  public long transferFrom(FileChannel file, long position, long count) throws IOException {
    throw new IOException("records come as buffers, not as files");
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
