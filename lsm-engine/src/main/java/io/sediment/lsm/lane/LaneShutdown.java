package io.sediment.lsm.lane;

import io.sediment.lsm.memtable.SlabFiller;
import java.util.concurrent.CompletableFuture;

/** Ends a lane in order, and gives its memory back. */
final class LaneShutdown {
  private final LaneParts parts;
  private final LaneWriter writer;
  private final LaneFlusher flusher;
  private final SlabFiller filler;

  LaneShutdown(LaneParts parts, LaneWriter writer, LaneFlusher flusher, SlabFiller filler) {
    this.parts = parts;
    this.writer = writer;
    this.flusher = flusher;
    this.filler = filler;
  }

  /** Acknowledges what was appended, flushes it, stops, and lets go of memory. */
  CompletableFuture<Void> close() {
    return writer
        .closeLog()
        .thenCompose(acknowledged -> flusher.flush())
        .whenComplete(
            (done, failure) -> {
              LaneHaltedException closed =
                  new LaneHaltedException("lane " + parts.lane() + " is closed");
              writer.onHalted(closed);
              release();
            });
  }

  private void release() {
    parts.manifests().close();
    writer.dropMemtables(parts.tailCache());
    flusher.dropMemtables();
    parts.tailCache().clear();
    filler.close();
    parts.blocks().clear();
  }
}
