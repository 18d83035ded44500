package io.sediment.objectstore;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A new file that is written from its beginning to its end. What was added may wait in memory until
 * {@link #finish}. For one thread at a time.
 */
interface GrowingFile extends Closeable {
  void add(ByteBuffer[] buffers) throws IOException;

  /** Adds a region of another file. */
  void add(FileRange source) throws IOException;

  /** Bytes added so far. */
  long length();

  /** Hands all bytes to the filesystem, without syncing them. Nothing may be added after it. */
  void finish() throws IOException;
}
