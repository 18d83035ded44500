package io.sediment.metadata.log;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;

/**
 * What members and their leader tell each other of the bucket: it holds the metadata log up to
 * {@code index}.
 *
 * <p>A later version is read up to what is known.
 *
 * <pre>
 *   format version (u8), index (i64)
 * </pre>
 */
public record ExportedUpTo(long index) {
  private static final int VERSION = 1;

  public byte[] encode() {
    return new MetadataOutput().u8(VERSION).i64(index).toByteArray();
  }

  /**
   * @throws io.sediment.metadata.CorruptMetadataException where it is something else
   */
  public static ExportedUpTo decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "exported index");
    int version = in.u8();
    long index = in.i64();
    if (version < VERSION) {
      throw in.corrupt("format version " + version);
    }
    if (version == VERSION) {
      in.end();
    }
    return new ExportedUpTo(index);
  }
}
