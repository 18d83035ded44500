package io.sediment.metadata;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@link MetadataOutput} wrote. Whatever the bytes are, it ends with a value or with
 * {@link CorruptMetadataException}, and never allocates more than a small multiple of them.
 */
public final class MetadataInput {
  private final ByteBuffer bytes;
  private final String what;

  /**
   * @param what names the source in messages
   */
  public MetadataInput(ByteBuffer bytes, String what) {
    this.bytes = bytes.slice();
    this.what = what;
  }

  public int remaining() {
    return bytes.remaining();
  }

  public int u8() {
    need(1);
    return bytes.get() & 0xff;
  }

  public int u16() {
    need(2);
    return bytes.getShort() & 0xffff;
  }

  public int i32() {
    need(4);
    return bytes.getInt();
  }

  public long i64() {
    need(8);
    return bytes.getLong();
  }

  public long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = u8();
      value |= (long) (next & 0x7f) << shift;
      if ((next & 0x80) == 0) {
        return value;
      }
    }
    throw corrupt("varint is too long");
  }

  public int varint32() {
    long value = varint();
    if (value != (int) value) {
      throw corrupt("number does not fit 32 bits: " + value);
    }
    return (int) value;
  }

  /** A number of things that follow, each of at least {@code bytesEachMin} bytes. */
  public int count(int bytesEachMin) {
    long value = varint();
    if (value < 0 || value > remaining() / bytesEachMin) {
      throw corrupt("count " + value + " with " + remaining() + " bytes left");
    }
    return (int) value;
  }

  public boolean flag() {
    int value = u8();
    if (value > 1) {
      throw corrupt("flag: " + value);
    }
    return value == 1;
  }

  public UUID uuid() {
    return new UUID(i64(), i64());
  }

  public String text() {
    ByteBuffer utf8 = sized();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptMetadataException(what + ": text is not UTF-8", e);
    }
  }

  public @Nullable String optionalText() {
    return flag() ? text() : null;
  }

  /** A view of as many bytes as the varint before them says. */
  public ByteBuffer sized() {
    int length = count(1);
    ByteBuffer view = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    return view;
  }

  /** All must have been read. */
  public void end() {
    if (bytes.hasRemaining()) {
      throw corrupt(bytes.remaining() + " bytes too many");
    }
  }

  public CorruptMetadataException corrupt(String problem) {
    return new CorruptMetadataException(
        what + ": " + problem + " at position " + bytes.position() + " of " + bytes.limit());
  }

  private void need(int count) {
    if (bytes.remaining() < count) {
      throw corrupt("ends too early");
    }
  }
}
