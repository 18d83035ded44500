package io.sediment.objectstore;

import java.io.IOException;
import java.nio.channels.FileChannel;

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
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
