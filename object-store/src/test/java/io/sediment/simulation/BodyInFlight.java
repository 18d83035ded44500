package io.sediment.simulation;

import io.sediment.objectstore.ObjectBody;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A request's body between the caller's buffers and the bucket. The bytes are taken when the
 * request lands or when its future completes, whichever is first: until then the caller must leave
 * them alone, and a caller that does not corrupts its object here as it would on a real wire.
 */
final class BodyInFlight {
  private final ObjectBody body;
  private final long crcWhenSent;
  private byte @Nullable [] taken;
  private boolean intact;

  BodyInFlight(ObjectBody body) {
    this.body = body;
    this.crcWhenSent = crc(body);
  }

  /** The bytes as they are now, or as they were at the first call. */
  byte[] take() {
    byte[] bytes = taken;
    if (bytes == null) {
      bytes = body.toByteArray();
      taken = bytes;
      CRC32C crc = new CRC32C();
      crc.update(bytes, 0, bytes.length);
      intact = crc.getValue() == crcWhenSent;
    }
    return bytes;
  }

  /** The bytes as they are now, whatever becomes of them later. */
  byte[] look() {
    byte[] bytes = taken;
    return bytes == null ? body.toByteArray() : bytes.clone();
  }

  /** False when the caller changed the bytes between sending and {@link #take}. */
  boolean isIntact() {
    take();
    return intact;
  }

  private static long crc(ObjectBody body) {
    CRC32C crc = new CRC32C();
    for (ByteBuffer buffer : body.buffers()) {
      crc.update(buffer);
    }
    return crc.getValue();
  }
}
