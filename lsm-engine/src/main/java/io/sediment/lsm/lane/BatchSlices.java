package io.sediment.lsm.lane;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whole record batches as a list of read-only buffers, in offset order. The memory below is pinned
 * until {@link #close}, so close it when the bytes have been written to the socket, on every path.
 * Close is idempotent and may be called from any thread.
 */
public final class BatchSlices implements AutoCloseable {
  private static final Runnable NOTHING = () -> {};
  private static final BatchSlices EMPTY = new BatchSlices(List.of(), -1, NOTHING);

  private final List<ByteBuffer> buffers;
  private final int sizeInBytes;
  private final long nextOffset;
  private final AtomicReference<Runnable> release;

  /**
   * @param nextOffset offset after the last record in the slices
   * @param release what to do when the bytes are no longer needed
   */
  public BatchSlices(List<ByteBuffer> buffers, long nextOffset, Runnable release) {
    this.buffers = List.copyOf(buffers);
    int sum = 0;
    for (ByteBuffer buffer : buffers) {
      sum = Math.addExact(sum, buffer.remaining());
    }
    this.sizeInBytes = sum;
    this.nextOffset = nextOffset;
    this.release = new AtomicReference<>(release);
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
