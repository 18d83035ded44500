package io.sediment.lsm.object;

import io.sediment.objectstore.ObjectBody;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Collects the bytes of an object as few, large buffers. Neighbours in one memory become one view;
 * stretches too short to be worth an entry in a gather list are copied one after the other into
 * scratch memory. The running checksum reads each byte once, where it will be sent from.
 */
final class BodyGatherer {
  private static final int FIRST_SCRATCH_SIZE = 16 << 10;

  /**
   * Less than half of the smallest G1 region, so that scratch memory is never a humongous object.
   */
  private static final int SCRATCH_SIZE = 128 << 10;

  /**
   * As much as a WAL object is long. A large L0 of small batches would otherwise lie in memory
   * twice; its many entries cost less than that.
   */
  private static final int COPIED_SIZE_MAX = 8 << 20;

  private final int gatherSizeMin;
  private final List<ByteBuffer> buffers = new ArrayList<>();
  private final CRC32C crc = new CRC32C();
  private long length;

  // The stretch that still grows: bytes [runStart, runEnd) of run.
  private @Nullable ByteBuffer run;
  private int runStart;
  private int runEnd;

  // Copied bytes lie in [scratchStart, scratch.position()) and are not yet in buffers; those from
  // scratchChecked on are not yet in the checksum.
  private ByteBuffer scratch;
  private int scratchStart;
  private int scratchChecked;
  private long copied;

  BodyGatherer(int gatherSizeMin) {
    this.gatherSizeMin = gatherSizeMin;
    this.scratch = ByteBuffer.allocate(FIRST_SCRATCH_SIZE);
  }

  long length() {
    return length;
  }

  /** Adds {@code size} bytes of {@code memory} from the absolute index {@code position} on. */
  void add(ByteBuffer memory, int position, int size) {
    length += size;
    if (memory == run && position == runEnd) {
      runEnd += size;
      return;
    }
    endRun();
    run = memory;
    runStart = position;
    runEnd = position + size;
  }

  /** CRC32C of everything added since the last call. */
  int takeChecksum() {
    endRun();
    checkScratch();
    int value = (int) crc.getValue();
    crc.reset();
    return value;
  }

  ObjectBody finish() {
    return take();
  }

  /** What was added since the last call, to be sent as one part of the object. */
  ObjectBody take() {
    endRun();
    emitScratch();
    ObjectBody part = ObjectBody.of(buffers);
    buffers.clear();
    copied = 0;
    return part;
  }

  /** Leaves {@code size} bytes out that reach the object by another way. */
  void skip(long size) {
    endRun();
    length += size;
  }

  private void endRun() {
    ByteBuffer memory = run;
    if (memory == null) {
      return;
    }
    run = null;
    int size = runEnd - runStart;
    if (size < gatherSizeMin && copied + size <= COPIED_SIZE_MAX) {
      copied += size;
      copy(memory, size);
    } else {
      emitScratch();
      ByteBuffer view = memory.slice(runStart, size);
      buffers.add(view);
      crc.update(view);
      view.rewind();
    }
  }

  private void copy(ByteBuffer memory, int size) {
    if (scratch.remaining() < size) {
      emitScratch();
      scratch = ByteBuffer.allocate(Math.max(SCRATCH_SIZE, size));
      scratchStart = 0;
      scratchChecked = 0;
    }
    int at = scratch.position();
    scratch.put(at, memory, runStart, size).position(at + size);
  }

  private void checkScratch() {
    int end = scratch.position();
    if (end > scratchChecked) {
      crc.update(scratch.array(), scratchChecked, end - scratchChecked);
      scratchChecked = end;
    }
  }

  private void emitScratch() {
    checkScratch();
    int end = scratch.position();
    if (end > scratchStart) {
      buffers.add(scratch.slice(scratchStart, end - scratchStart));
      scratchStart = end;
    }
  }
}
