package io.sediment.lsm.records;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The records of a batch that is being written, compressed as they come, behind room for its
 * header. Lives in memory and grows.
 */
public final class RecordOutput {
  private final Memory memory;
  private final OutputStream records;

  /**
   * @param headerBytes left free at the front
   * @param expectedBytes of header and compressed records
   */
  public RecordOutput(Codec codec, int headerBytes, int expectedBytes) {
    this.memory = new Memory(headerBytes, Math.max(headerBytes, expectedBytes));
    try {
      this.records = codec.deflateTo(memory);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does no I/O", e);
    }
  }

  static int sizeOf(long value) {
    long zigzag = (value << 1) ^ (value >> 63);
    return Math.max(1, (63 - Long.numberOfLeadingZeros(zigzag)) / 7 + 1);
  }

  void varlong(long value) {
    byte[] digits = new byte[10];
    int length = 0;
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7fL) != 0) {
      digits[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    digits[length++] = (byte) rest;
    bytes(digits, 0, length);
  }

  void bytes(byte[] from, int at, int length) {
    try {
      records.write(from, at, length);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does no I/O", e);
    }
  }

  /** Header room and records; write nothing more. */
  public ByteBuffer finish() {
    try {
      records.close();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does no I/O", e);
    }
    return ByteBuffer.wrap(memory.bytes, 0, memory.size).slice();
  }

  /** A byte array that grows, and is handed over without a copy. */
  private static final class Memory extends OutputStream {
    private byte[] bytes;
    private int size;

    Memory(int size, int capacity) {
      this.bytes = new byte[capacity];
      this.size = size;
    }

    @Override
    public void write(int value) {
      ensure(1);
      bytes[size++] = (byte) value;
    }

    @Override
    public void write(byte[] from, int at, int length) {
      ensure(length);
      System.arraycopy(from, at, bytes, size, length);
      size += length;
    }

    private void ensure(int more) {
      if (bytes.length - size < more) {
        bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length * 2));
      }
    }
  }
}
