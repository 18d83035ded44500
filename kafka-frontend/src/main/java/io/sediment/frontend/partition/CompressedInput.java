package io.sediment.frontend.partition;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.internals.BufferSupplier;

/**
 * Records decompressed as they are read, a small buffer at a time and no more than a limit in all:
 * a decompression bomb costs what the limit allows and is then refused.
 */
final class CompressedInput implements RecordInput, AutoCloseable {
  private static final int BUFFER_BYTES = 16 << 10;

  private final InputStream decompressed;
  private final long limitBytes;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int at;
  private int filled;
  private long before;

  CompressedInput(CompressionType codec, ByteBuffer payload, long limitBytes)
      throws BrokenRecordsException {
    this.limitBytes = limitBytes;
    if (codec == CompressionType.SNAPPY && CompressionBound.of(codec, payload) > limitBytes) {
      // Its decoder allocates what the data says before it looks further.
      throw tooLarge(limitBytes);
    }
    try {
      this.decompressed =
          Compression.of(codec)
              .build()
              .wrapForInput(payload, RecordBatch.MAGIC_VALUE_V2, BufferSupplier.NO_CACHING);
    } catch (KafkaException e) {
      throw new BrokenRecordsException("cannot decompress: codec=" + codec.name + " " + e);
    }
  }

  @Override
  public byte next() throws BrokenRecordsException {
    if (at == filled && !fill()) {
      throw new BrokenRecordsException("records cut off: bytes=" + position());
    }
    return buffer[at++];
  }

  @Override
  public void skip(int count) throws BrokenRecordsException {
    int left = count;
    while (left > 0) {
      if (at == filled && !fill()) {
        throw new BrokenRecordsException("records cut off: bytes=" + position());
      }
      int step = Math.min(left, filled - at);
      at += step;
      left -= step;
    }
  }

  private boolean fill() throws BrokenRecordsException {
    before += filled;
    at = 0;
    filled = 0;
    try {
      int read = decompressed.read(buffer, 0, buffer.length);
      if (read <= 0) {
        return false;
      }
      filled = read;
    } catch (IOException | RuntimeException e) { // codecs signal damage with either
      throw new BrokenRecordsException("cannot decompress: position=" + before + " " + e);
    }
    if (before + filled > limitBytes) {
      throw tooLarge(limitBytes);
    }
    return true;
  }

  private static BrokenRecordsException tooLarge(long limitBytes) {
    return new BrokenRecordsException(
        "batch decompresses to more than max.decompressed.message.bytes=" + limitBytes);
  }

  @Override
  public long position() {
    return before + at;
  }

  @Override
  public boolean isExhausted() throws BrokenRecordsException {
    return at == filled && !fill();
  }

  @Override
  public void close() {
    try {
      decompressed.close();
    } catch (IOException e) {
      throw new IllegalStateException("closing a stream over memory does no I/O", e);
    }
  }
}
