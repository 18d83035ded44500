package io.sediment.objectstore;

/**
 * Which bytes of an object to read. A range that reaches past the end yields what is there; one
 * that begins at or past the end yields no bytes (not an error).
 */
public sealed interface ByteRange {
  /** The whole object. */
  static ByteRange all() {
    return new Slice(0, Long.MAX_VALUE);
  }

  /** {@code length} bytes from {@code position} on. */
  static ByteRange of(long position, long length) {
    return new Slice(position, length);
  }

  /** The last {@code length} bytes, or the whole object where it is shorter. */
  static ByteRange suffix(long length) {
    return new Suffix(length);
  }

  /** The bytes this range has in an object of {@code objectLength} bytes; may be none. */
  Clipped clip(long objectLength);

  /** A range inside an object: {@code position + length} is at most the object's length. */
  record Clipped(long position, long length) {}

  /** Bytes {@code [position, position + length)}. */
  record Slice(long position, long length) implements ByteRange {
    public Slice {
      if (position < 0 || length <= 0) {
        throw new IllegalArgumentException("range: position=" + position + " length=" + length);
      }
    }

    @Override
    public Clipped clip(long objectLength) {
      long start = Math.min(position, objectLength);
      return new Clipped(start, Math.min(length, objectLength - start));
    }
  }

  /** The last {@code length} bytes. */
  record Suffix(long length) implements ByteRange {
    public Suffix {
      if (length <= 0) {
        throw new IllegalArgumentException("suffix range: length=" + length);
      }
    }

    @Override
    public Clipped clip(long objectLength) {
      long clipped = Math.min(length, objectLength);
      return new Clipped(objectLength - clipped, clipped);
    }
  }
}
