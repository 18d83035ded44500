package io.sediment.lsm.records;

import java.nio.ByteBuffer;

/** Records that lie open in a buffer. */
final class BufferInput implements RecordInput {
  private final ByteBuffer bytes;
  private final int limit;
  private int at;

  BufferInput(ByteBuffer bytes) {
    this.bytes = bytes.slice();
    this.limit = this.bytes.limit();
  }

  @Override
  public byte next() throws BrokenRecordsException {
    if (at == limit) {
      throw new BrokenRecordsException("records cut off: bytes=" + limit);
    }
    return bytes.get(at++);
  }

  @Override
  public void skip(int count) throws BrokenRecordsException {
    if (count > limit - at) {
      throw new BrokenRecordsException(
          "records cut off: position=" + at + " field=" + count + " bytes=" + limit);
    }
    at += count;
  }

  @Override
  public void read(byte[] into, int start, int length) throws BrokenRecordsException {
    int from = at;
    skip(length);
    bytes.get(from, into, start, length);
  }

  @Override
  public long position() {
    return at;
  }

  @Override
  public boolean isExhausted() {
    return at == limit;
  }

  @Override
  public void close() {
    // Holds nothing.
  }
}
