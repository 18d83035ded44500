package io.sediment.lsm.codec;

import io.sediment.lsm.CorruptObjectException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;

/** Reads what {@link ByteWriter} wrote, trusting nothing. */
public final class ByteReader {
  private final ByteBuffer bytes;
  private final int start;
  private final String what;

  /**
   * @param bytes read from position to limit; the position is not moved
   * @param what names the bytes in messages: which part of which object
   */
  public ByteReader(ByteBuffer bytes, String what) {
    this.bytes = bytes.duplicate().order(ByteOrder.BIG_ENDIAN);
    this.start = bytes.position();
    this.what = what;
  }

  public int remaining() {
    return bytes.remaining();
  }

  /** The failure to throw: the reason, with the place where it was found. */
  public CorruptObjectException corrupt(String reason) {
    return new CorruptObjectException(
        what + ": " + reason + " at=" + (bytes.position() - start) + " of=" + (limit() - start));
  }

  public int u8() {
    need(1);
    return bytes.get() & 0xff;
  }

  public int i32() {
    need(4);
    return bytes.getInt();
  }

  public long i64() {
    need(8);
    return bytes.getLong();
  }

  public UUID uuid() {
    need(16);
    long high = bytes.getLong();
    return new UUID(high, bytes.getLong());
  }

  public long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = u8();
      value |= (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        if (shift == 63 && next > 1) {
          break;
        }
        return value;
      }
    }
    throw corrupt("varint does not fit 64 bits");
  }

  public long zigzag() {
    long value = varint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A varint in {@code [0, max]}. */
  public long varintUpTo(long max, String name) {
    long value = varint();
    if (value < 0 || value > max) {
      throw corrupt(name + "=" + Long.toUnsignedString(value) + " max=" + max);
    }
    return value;
  }

  /** A varint in {@code [0, 2^63)}. */
  public long natural(String name) {
    return varintUpTo(Long.MAX_VALUE, name);
  }

  /** A varint in {@code [0, 2^31)}. */
  public int naturalInt(String name) {
    return (int) varintUpTo(Integer.MAX_VALUE, name);
  }

  /** A number of things that follow, each at least {@code bytesMin} long. */
  public int count(int bytesMin, String name) {
    return (int) varintUpTo(bytes.remaining() / bytesMin, name);
  }

  /** {@code base + delta}, both natural. */
  public long sum(long base, long delta, String name) {
    long sum = base + delta;
    if (sum < 0) {
      throw corrupt(name + " overflows: base=" + base + " delta=" + delta);
    }
    return sum;
  }

  /** The next {@code length} bytes as a view of their own. */
  public ByteBuffer bytes(int length) {
    need(length);
    ByteBuffer view = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    return view;
  }

  /** Everything must have been read. */
  public void end() {
    if (bytes.hasRemaining()) {
      throw corrupt("unread bytes=" + bytes.remaining());
    }
  }

  private int limit() {
    return bytes.limit();
  }

  private void need(int length) {
    if (length < 0 || bytes.remaining() < length) {
      throw corrupt("ends early: needed=" + length + " left=" + bytes.remaining());
    }
  }
}
