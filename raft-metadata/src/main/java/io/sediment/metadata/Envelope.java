package io.sediment.metadata;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The frame of every object and file that metadata writes:
 *
 * <pre>
 *   position  length
 *   0         4       magic, one for each kind of object
 *   4         2       format version of the body
 *   6         2       zero
 *   8         8       length of the body in bytes
 *   16        n       body
 *   16 + n    4       CRC32C of all before it
 * </pre>
 */
public final class Envelope {
  private static final int HEADER_LENGTH = 16;
  private static final int CHECKSUM_LENGTH = 4;

  private Envelope() {}

  /** Frames {@code body}. */
  public static byte[] seal(int magic, int version, MetadataOutput body) {
    MetadataOutput out = new MetadataOutput();
    out.i32(magic).u16(version).u16(0).i64(body.length()).raw(body.toByteArray());
    return out.i32(crc(out.view())).toByteArray();
  }

  /**
   * The body of a frame.
   *
   * @param versionMax newest format version that the caller can read
   * @throws CorruptMetadataException where it is another kind, a newer version, cut or damaged
   */
  public static MetadataInput open(int magic, int versionMax, ByteBuffer frame, String what) {
    MetadataInput header = new MetadataInput(frame, what);
    int foundMagic = header.i32();
    if (foundMagic != magic) {
      throw header.corrupt(
          "magic: expected="
              + Integer.toHexString(magic)
              + " actual="
              + Integer.toHexString(foundMagic));
    }
    int version = header.u16();
    if (version < 1 || version > versionMax) {
      throw header.corrupt("format version " + version + ", newest known " + versionMax);
    }
    int reserved = header.u16();
    long bodyLength = header.i64();
    int frameLength = frame.remaining();
    if (reserved != 0 || bodyLength != frameLength - HEADER_LENGTH - CHECKSUM_LENGTH) {
      throw header.corrupt("length: body=" + bodyLength + " object=" + frameLength);
    }
    int checksumAt = frame.position() + frameLength - CHECKSUM_LENGTH;
    int expected = frame.duplicate().order(ByteOrder.BIG_ENDIAN).getInt(checksumAt);
    int actual = crc(frame.slice(frame.position(), frameLength - CHECKSUM_LENGTH));
    if (expected != actual) {
      throw header.corrupt(
          "crc: expected="
              + Integer.toHexString(expected)
              + " actual="
              + Integer.toHexString(actual));
    }
    return new MetadataInput(frame.slice(frame.position() + HEADER_LENGTH, (int) bodyLength), what);
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }
}
