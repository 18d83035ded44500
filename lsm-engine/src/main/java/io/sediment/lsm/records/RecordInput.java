package io.sediment.lsm.records;

import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;

/** The bytes of a batch's records, in order, wherever they come from. */
public interface RecordInput extends AutoCloseable {
  /**
   * The records of the batch between position and limit, whose header is sound.
   *
   * @param inflatedBytesMax most that compressed records may hold
   */
  static RecordInput of(ByteBuffer batch, long inflatedBytesMax) throws BrokenRecordsException {
    return of(batch, inflatedBytesMax, Inflater.PLAIN);
  }

  /** The same, compressed records being read by {@code inflater}. */
  static RecordInput of(ByteBuffer batch, long inflatedBytesMax, Inflater inflater)
      throws BrokenRecordsException {
    Codec codec = Codec.of(batch, batch.position());
    ByteBuffer payload =
        batch.slice(
            batch.position() + RecordBatchLayout.HEADER_SIZE,
            batch.remaining() - RecordBatchLayout.HEADER_SIZE);
    return codec == Codec.NONE
        ? new BufferInput(payload)
        : new InflatedInput(codec, payload, inflatedBytesMax, inflater);
  }

  /** The next byte. */
  byte next() throws BrokenRecordsException;

  void skip(int bytes) throws BrokenRecordsException;

  /** The next {@code length} bytes, to {@code into} from index {@code at} on. */
  void read(byte[] into, int at, int length) throws BrokenRecordsException;

  /** Bytes read or skipped so far. */
  long position();

  /** Whether all bytes have been read. */
  boolean isExhausted() throws BrokenRecordsException;

  @Override
  void close();

  /** A number of at most 32 bits, its sign in the lowest. */
  default int varint() throws BrokenRecordsException {
    int value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      byte next = next();
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new BrokenRecordsException("number of more than five bytes");
  }

  /** A number of at most 64 bits, its sign in the lowest. */
  default long varlong() throws BrokenRecordsException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      byte next = next();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new BrokenRecordsException("number of more than ten bytes");
  }
}
