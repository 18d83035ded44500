package io.sediment.lsm.codec;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;

/** Appends numbers to a growing array. Fixed-size numbers are big-endian. */
public final class ByteWriter {
  private byte[] bytes;
  private int size;

  public ByteWriter(int expectedSize) {
    this.bytes = new byte[Math.max(16, expectedSize)];
  }

  public int size() {
    return size;
  }

  public void u8(int value) {
    ensure(1);
    bytes[size++] = (byte) value;
  }

  public void i32(int value) {
    ensure(4);
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes[size++] = (byte) (value >>> shift);
    }
  }

  public void i64(long value) {
    i32((int) (value >>> 32));
    i32((int) value);
  }

  public void uuid(UUID value) {
    i64(value.getMostSignificantBits());
    i64(value.getLeastSignificantBits());
  }

  /** Seven bits a byte, lowest first, the top bit saying that more follow; unsigned. */
  public void varint(long value) {
    ensure(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  /** A varint whose lowest bit is the sign, so that small negative numbers stay short. */
  public void zigzag(long value) {
    varint((value << 1) ^ (value >> 63));
  }

  public void bytes(byte[] value) {
    ensure(value.length);
    System.arraycopy(value, 0, bytes, size, value.length);
    size += value.length;
  }

  /** The bytes between position and limit; the position is not moved. */
  public void bytes(ByteBuffer value) {
    int length = value.remaining();
    ensure(length);
    value.get(value.position(), bytes, size, length);
    size += length;
  }

  /** What was written so far, not copied: write nothing more. */
  public ByteBuffer toBuffer() {
    return ByteBuffer.wrap(bytes, 0, size).slice();
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  private void ensure(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length * 2));
    }
  }
}
