package io.sediment.lsm.codec;

import io.sediment.lsm.CorruptObjectException;
import java.nio.ByteBuffer;

/**
 * What stands around each small object that is read whole:
 *
 * <pre>
 *   0 magic          8   which format
 *   8 formatVersion  2
 *  10 content        …
 *   n crc32c         4   of everything before
 * </pre>
 */
public final class Envelope {
  private static final int MAGIC_AT = 0;
  private static final int VERSION_AT = 8;
  private static final int CONTENT_AT = 10;
  private static final int CRC_SIZE = 4;

  private final long magic;
  private final short version;
  private final String what;

  /**
   * @param version the only one that is written, and so far the only one that is read
   * @param what names the format in messages
   */
  public Envelope(long magic, int version, String what) {
    this.magic = magic;
    this.version = (short) version;
    this.what = what;
  }

  /** A writer that stands at the first byte of the content. */
  public ByteWriter open(int expectedSize) {
    ByteWriter out = new ByteWriter(CONTENT_AT + expectedSize + CRC_SIZE);
    out.i64(magic);
    out.u8(version >> 8);
    out.u8(version);
    return out;
  }

  /** Ends what {@link #open} began. */
  public ByteBuffer seal(ByteWriter out) {
    out.i32(Checksums.crc32c(out.toBuffer()));
    return out.toBuffer();
  }

  /** The checksum at the end of a sealed object: names its content. */
  public static int checksumOf(ByteBuffer sealed) {
    return sealed.slice(sealed.limit() - CRC_SIZE, CRC_SIZE).getInt();
  }

  /**
   * A reader of the content, verified.
   *
   * @param bytes the whole object
   * @param name names the object in messages
   */
  public ByteReader read(ByteBuffer bytes, Object name) {
    String place = what + " " + name;
    if (bytes.remaining() < CONTENT_AT + CRC_SIZE) {
      throw new CorruptObjectException(place + ": too short: length=" + bytes.remaining());
    }
    ByteBuffer all = bytes.slice();
    int covered = all.limit() - CRC_SIZE;
    if (all.getLong(MAGIC_AT) != magic) {
      throw new CorruptObjectException(
          String.format(
              "%s: magic: expected=0x%x actual=0x%x", place, magic, all.getLong(MAGIC_AT)));
    }
    int crc = Checksums.crc32c(all, 0, covered);
    if (all.getInt(covered) != crc) {
      throw new CorruptObjectException(
          place
              + ": crc: expected="
              + Checksums.hex(all.getInt(covered))
              + " actual="
              + Checksums.hex(crc)
              + " length="
              + all.limit());
    }
    if (all.getShort(VERSION_AT) != version) {
      throw new CorruptObjectException(
          place + ": format version: known=" + version + " found=" + all.getShort(VERSION_AT));
    }
    return new ByteReader(all.slice(CONTENT_AT, covered - CONTENT_AT), place);
  }
}
