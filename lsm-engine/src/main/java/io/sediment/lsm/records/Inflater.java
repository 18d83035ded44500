package io.sediment.lsm.records;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** Decompresses the records of a batch. */
@FunctionalInterface
public interface Inflater {
  /** With the decoders of this module, which keep nothing from one batch to the next. */
  Inflater PLAIN = (codec, payload) -> codec.inflate(new BufferStream(payload));

  /**
   * The bytes that {@code payload} holds; it may be read ahead of them.
   *
   * @param payload what follows the header of a batch; its position may be moved
   */
  InputStream inflate(Codec codec, ByteBuffer payload) throws IOException;
}
