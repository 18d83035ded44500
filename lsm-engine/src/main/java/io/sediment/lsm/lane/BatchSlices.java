package io.sediment.lsm.lane;

import io.sediment.objectstore.FileRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whole record batches in offset order: as a list of read-only buffers, or, where the store is a
 * local disk, as a list of regions of open files; one of the two lists is empty. Memory is pinned
 * and files stay open until {@link #close}, so close it when the bytes have been written to the
 * socket, on every path. Close is idempotent and may be called from any thread.
 */
public final class BatchSlices implements AutoCloseable {
  private static final Runnable NOTHING = () -> {};
  private static final BatchSlices EMPTY = new BatchSlices(List.of(), -1, NOTHING);

  private final List<ByteBuffer> buffers;
  private final List<FileRange> files;
  private final int sizeInBytes;
  private final long nextOffset;
  private final AtomicReference<Runnable> release;

  /**
   * @param nextOffset offset after the last record in the slices
   * @param release what to do when the bytes are no longer needed
   */
  public BatchSlices(List<ByteBuffer> buffers, long nextOffset, Runnable release) {
    this(buffers, List.of(), nextOffset, release);
  }

  private BatchSlices(
      List<ByteBuffer> buffers, List<FileRange> files, long nextOffset, Runnable release) {
    this.buffers = List.copyOf(buffers);
    this.files = List.copyOf(files);
    long sum = 0;
    for (ByteBuffer buffer : buffers) {
      sum += buffer.remaining();
    }
    for (FileRange file : files) {
      sum += file.length();
    }
    this.sizeInBytes = Math.toIntExact(sum);
    this.nextOffset = nextOffset;
    this.release = new AtomicReference<>(release);
  }

  /**
   * Batches in files, which are closed with this.
   *
   * @param nextOffset offset after the last record in the files
   * @param closed what to do when the files are closed
   */
  public static BatchSlices inFiles(List<FileRange> files, long nextOffset, Runnable closed) {
    return new BatchSlices(
        List.of(),
        files,
        nextOffset,
        () -> {
          files.forEach(FileRange::closeQuietly);
          closed.run();
        });
  }

  public static BatchSlices empty() {
    return EMPTY;
  }

  /** Nothing is left of what was below {@code nextOffset}. */
  public static BatchSlices emptyUpTo(long nextOffset) {
    return new BatchSlices(List.of(), nextOffset, NOTHING);
  }

  public List<ByteBuffer> buffers() {
    return buffers;
  }

  public List<FileRange> files() {
    return files;
  }

  /** All of it in memory: what is in files is read from there, which blocks. */
  public List<ByteBuffer> loaded() throws IOException {
    if (files.isEmpty()) {
      return buffers;
    }
    ByteBuffer bytes = ByteBuffer.allocate(sizeInBytes);
    for (FileRange file : files) {
      file.readInto(bytes);
    }
    return List.of(bytes.flip());
  }

  public int sizeInBytes() {
    return sizeInBytes;
  }

  public boolean isEmpty() {
    return sizeInBytes == 0;
  }

  /** Offset after the last record, or where to go on when nothing is left; else -1 when empty. */
  public long nextOffset() {
    return nextOffset;
  }

  @Override
  public void close() {
    release.getAndSet(NOTHING).run();
  }
}
