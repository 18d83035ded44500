package io.sediment.lsm.codec;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli), the checksum of everything Sediment stores. */
public final class Checksums {
  private Checksums() {}

  /** Of the bytes between position and limit; the position is not moved. */
  public static int crc32c(ByteBuffer bytes) {
    return crc32c(bytes, bytes.position(), bytes.remaining());
  }

  /** Of {@code length} bytes from the absolute index {@code position} on. */
  public static int crc32c(ByteBuffer bytes, int position, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.slice(position, length));
    return (int) crc.getValue();
  }

  /** A checksum as messages show it. */
  public static String hex(int checksum) {
    return String.format("0x%08x", checksum);
  }
}
