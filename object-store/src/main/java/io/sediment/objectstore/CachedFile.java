package io.sediment.objectstore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A file written through the page cache. */
final class CachedFile implements GrowingFile {
  /** Bound on what the JDK copies to a direct buffer, and then keeps, per thread. */
  private static final int HEAP_CHUNK_BYTES = 256 << 10;

  /** What one writev(2) takes. */
  private static final int MAX_GATHERED_BUFFERS = 1024;

  private final FileChannel channel;
  private long length;

  /**
   * @param channel open for writing; closed with this
   */
  CachedFile(FileChannel channel) {
    this.channel = channel;
  }

  @Override
  public void add(ByteBuffer[] buffers) throws IOException {
    int next = 0;
    while (next < buffers.length) {
      ByteBuffer buffer = buffers[next];
      if (!buffer.hasRemaining()) {
        next++;
      } else if (buffer.isDirect()) {
        int end = next;
        while (end < buffers.length
            && end - next < MAX_GATHERED_BUFFERS
            && buffers[end].isDirect()) {
          end++;
        }
        length += channel.write(buffers, next, end - next);
      } else {
        int limit = buffer.limit();
        buffer.limit(Math.min(limit, buffer.position() + HEAP_CHUNK_BYTES));
        length += channel.write(buffer);
        buffer.limit(limit);
      }
    }
  }

  @Override
  public void add(FileRange source) throws IOException {
    long done = 0;
    while (done < source.length()) {
      long moved =
          source.channel().transferTo(source.position() + done, source.length() - done, channel);
      if (moved <= 0) {
        throw new IOException(
            "source ended early: position=" + (source.position() + done) + " range=" + source);
      }
      done += moved;
    }
    length += done;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public void finish() {}

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
