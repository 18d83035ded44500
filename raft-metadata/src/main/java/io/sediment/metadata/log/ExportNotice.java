package io.sediment.metadata.log;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;

/**
 * A log entry by which the leader tells the others up to which index the bucket holds everything.
 * It changes no metadata and is itself not exported.
 *
 * <pre>
 *   0 (u8; commands begin with their kind, from 1), format version (u8), index (i64)
 * </pre>
 */
public final class ExportNotice {
  private static final int KIND = 0;
  private static final int VERSION = 1;

  private ExportNotice() {}

  static boolean isNotice(ByteBuffer bytes) {
    return bytes.hasRemaining() && bytes.get(bytes.position()) == KIND;
  }

  public static byte[] encode(long exportedIndex) {
    return new MetadataOutput().u8(KIND).u8(VERSION).i64(exportedIndex).toByteArray();
  }

  static long decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "export notice");
    in.u8();
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("format version " + version);
    }
    long index = in.i64();
    in.end();
    return index;
  }
}
