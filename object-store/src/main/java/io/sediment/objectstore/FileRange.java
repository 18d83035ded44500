package io.sediment.objectstore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes of an object as a region of an open file, for {@code FileChannel.transferTo} or a socket's
 * file region: they reach the socket without passing through the heap. The caller owns the channel
 * and closes it; until then the bytes stay readable, even if the object is deleted.
 *
 * @param position where the range starts in the file
 * @param length the range's length, clipped to the object
 * @param objectLength length of the whole object in bytes
 * @param eTag version that is read
 */
public record FileRange(
    FileChannel channel, long position, long length, long objectLength, ETag eTag)
    implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FileRange.class);

  /** Reads all of it into {@code buffer}, which has room for it. Blocks. */
  public void readInto(ByteBuffer buffer) throws IOException {
    readInto(buffer, 0, Math.toIntExact(length));
  }

  /**
   * Reads {@code count} bytes from {@code from} on, counted from the start of the range. Blocks.
   */
  public void readInto(ByteBuffer buffer, long from, int count) throws IOException {
    int limit = buffer.limit();
    buffer.limit(buffer.position() + count);
    long next = position + from;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, next);
      if (read < 0) {
        throw new IOException("file is shorter than it was: range=" + this);
      }
      next += read;
    }
    buffer.limit(limit);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** For files that were only read from: that they cannot be closed loses nothing. */
  public void closeQuietly() {
    try {
      close();
    } catch (IOException e) {
      log.warn("a file that was read from cannot be closed: {}", this, e);
    }
  }
}
