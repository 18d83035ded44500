package io.sediment.metadata.ratis;

import io.sediment.metadata.log.ExportNotice;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/**
 * Tells the other members what the bucket holds, one notice at a time: they are for the newest
 * index only. Thread-safe.
 */
final class ExportNotices implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Function<Message, ? extends CompletableFuture<?>> write;
  private final BooleanSupplier leads;
  private final Scheduler scheduler;

  /** Index of which the others were told, or are being told. */
  private long newest = -1; // guarded by this

  private boolean sending; // guarded by this
  private boolean closed; // guarded by this

  /**
   * @param write proposes an entry of the log, while this member leads
   */
  ExportNotices(
      Function<Message, ? extends CompletableFuture<?>> write,
      BooleanSupplier leads,
      Scheduler scheduler) {
    this.write = write;
    this.leads = leads;
    this.scheduler = scheduler;
  }

  void exportedUpTo(long index) {
    synchronized (this) {
      newest = Math.max(newest, index);
      if (sending || closed) {
        return;
      }
      sending = true;
    }
    send();
  }

  private void send() {
    long index;
    synchronized (this) {
      index = newest;
    }
    write
        .apply(Message.valueOf(UnsafeByteOperations.unsafeWrap(ExportNotice.encode(index))))
        .whenComplete((done, failure) -> sent(index, failure == null));
  }

  private void sent(long index, boolean told) {
    // Where this broker no longer leads, the next leader tells what the bucket holds.
    boolean leading = told || leads.getAsBoolean();
    boolean again;
    synchronized (this) {
      again = !closed && (told ? newest > index : leading);
      sending = again;
    }
    if (again && told) {
      send();
    } else if (again) {
      scheduler.schedule(this::send, PAUSE);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
  }
}
