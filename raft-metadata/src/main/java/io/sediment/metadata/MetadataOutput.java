package io.sediment.metadata;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes the primitives of which all metadata formats are made, into an array that grows. Numbers
 * are big-endian; a varint carries seven bits per byte, lowest first; a text is its length in bytes
 * as a varint, then UTF-8.
 */
public final class MetadataOutput {
  private byte[] bytes = new byte[256];
  private int length;

  public int length() {
    return length;
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  public MetadataOutput u8(int value) {
    room(1);
    bytes[length++] = (byte) value;
    return this;
  }

  public MetadataOutput u16(int value) {
    return u8(value >>> 8).u8(value);
  }

  public MetadataOutput i32(int value) {
    return u16(value >>> 16).u16(value);
  }

  public MetadataOutput i64(long value) {
    return i32((int) (value >>> 32)).i32((int) value);
  }

  /** A number that is rarely negative: negative ones take ten bytes. */
  public MetadataOutput varint(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      u8((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return u8((int) rest);
  }

  public MetadataOutput uuid(UUID value) {
    return i64(value.getMostSignificantBits()).i64(value.getLeastSignificantBits());
  }

  public MetadataOutput text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return varint(utf8.length).raw(utf8);
  }

  /** A text that may be missing: a varint 0, or 1 and the text. */
  public MetadataOutput optionalText(@Nullable String value) {
    return value == null ? u8(0) : u8(1).text(value);
  }

  /** Length as a varint, then the bytes. */
  public MetadataOutput sized(byte[] value) {
    return varint(value.length).raw(value);
  }

  public MetadataOutput raw(byte[] value) {
    room(value.length);
    System.arraycopy(value, 0, bytes, length, value.length);
    length += value.length;
    return this;
  }

  /** What was written so far, not copied; valid until the next write. */
  ByteBuffer view() {
    return ByteBuffer.wrap(bytes, 0, length);
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(length, more), bytes.length * 2));
    }
  }
}
