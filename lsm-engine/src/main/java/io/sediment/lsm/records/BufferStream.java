package io.sediment.lsm.records;

import java.io.InputStream;
import java.nio.ByteBuffer;

/** A buffer as codecs want to read it. */
final class BufferStream extends InputStream {
  private final ByteBuffer bytes;

  BufferStream(ByteBuffer bytes) {
    this.bytes = bytes.duplicate();
  }

  @Override
  public int read() {
    return bytes.hasRemaining() ? bytes.get() & 0xff : -1;
  }

  @Override
  public int read(byte[] into, int start, int length) {
    if (!bytes.hasRemaining()) {
      return length == 0 ? 0 : -1;
    }
    int step = Math.min(length, bytes.remaining());
    bytes.get(into, start, step);
    return step;
  }

  @Override
  public int available() {
    return bytes.remaining();
  }
}
