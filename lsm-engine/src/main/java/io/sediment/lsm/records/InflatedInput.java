package io.sediment.lsm.records;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Records decompressed as they are read, a small buffer at a time and no more than a limit in all:
 * a decompression bomb costs what the limit allows and is then refused.
 */
final class InflatedInput implements RecordInput {
  private static final int BUFFER_BYTES = 16 << 10;

  private final InputStream inflated;
  private final long limitBytes;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int at;
  private int filled;
  private long before;

  InflatedInput(Codec codec, ByteBuffer payload, long limitBytes, Inflater inflater)
      throws BrokenRecordsException {
    this.limitBytes = limitBytes;
    if (codec == Codec.SNAPPY && SnappySize.of(payload) > limitBytes) {
      throw tooLarge(limitBytes);
    }
    try {
      this.inflated = inflater.inflate(codec, payload);
    } catch (IOException | RuntimeException e) { // codecs signal damage with either
      throw new BrokenRecordsException("cannot decompress: codec=" + codec + " " + e);
    }
  }

  @Override
  public byte next() throws BrokenRecordsException {
    if (at == filled && !fill()) {
      throw new BrokenRecordsException("records cut off: bytes=" + position());
    }
    return buffer[at++];
  }

  @Override
  public void skip(int count) throws BrokenRecordsException {
    int left = count;
    while (left > 0) {
      if (at == filled && !fill()) {
        throw new BrokenRecordsException("records cut off: bytes=" + position());
      }
      int step = Math.min(left, filled - at);
      at += step;
      left -= step;
    }
  }

  @Override
  public void read(byte[] into, int start, int length) throws BrokenRecordsException {
    int done = 0;
    while (done < length) {
      if (at == filled && !fill()) {
        throw new BrokenRecordsException("records cut off: bytes=" + position());
      }
      int step = Math.min(length - done, filled - at);
      System.arraycopy(buffer, at, into, start + done, step);
      at += step;
      done += step;
    }
  }

  private boolean fill() throws BrokenRecordsException {
    before += filled;
    at = 0;
    filled = 0;
    try {
      int read = inflated.read(buffer, 0, buffer.length);
      if (read <= 0) {
        return false;
      }
      filled = read;
    } catch (IOException | RuntimeException e) { // codecs signal damage with either
      throw new BrokenRecordsException("cannot decompress: position=" + before + " " + e);
    }
    if (before + filled > limitBytes) {
      throw tooLarge(limitBytes);
    }
    return true;
  }

  private static BrokenRecordsException tooLarge(long limitBytes) {
    return new BrokenRecordsException(
        "batch decompresses to more than max.decompressed.message.bytes=" + limitBytes);
  }

  @Override
  public long position() {
    return before + at;
  }

  @Override
  public boolean isExhausted() throws BrokenRecordsException {
    return at == filled && !fill();
  }

  @Override
  public void close() {
    try {
      inflated.close();
    } catch (IOException e) {
      throw new IllegalStateException("closing a stream over memory does no I/O", e);
    }
  }
}
