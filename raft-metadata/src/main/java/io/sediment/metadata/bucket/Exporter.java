package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what the Raft leader applies to the export register, and says up to which index it is
 * durable.
 *
 * <p>Group commit: one object is under way at a time; what is applied meanwhile goes into the next.
 * Every so often an object is a whole image, after which the older ones are reclaimed. A command
 * that changed nothing costs no request.
 *
 * <p>Only the leader exports, but two brokers may think they are: they meet at a number of the
 * register, one of them loses, and goes on behind what the other wrote. That is right because both
 * write out the same committed log.
 *
 * <p>Thread-safe; every field is guarded by {@code this}, and callbacks are made without the lock.
 */
public final class Exporter {
  private static final Logger LOG = LoggerFactory.getLogger(Exporter.class);
  private static final int BATCH_BYTES_MAX = 1 << 20;

  /** An applied command, and who waits for the bucket to hold it. */
  private record Waiting(AppliedCommand applied, CompletableFuture<Void> exported) {}

  private final ExportRegister register;
  private final Retry retry;
  private final SnapshotPolicy policy;
  private final LongConsumer onExported;
  private final Consumer<Throwable> onHalted;

  /** In the order of the log. What is being written stays here until it is durable. */
  private final Deque<Waiting> waiting = new ArrayDeque<>();

  /** Where the register stands as far as is known; null before it was read. */
  private @Nullable ExportState state;

  private boolean leading;

  /** Whether a read or a write of the register is under way. */
  private boolean busy;

  private volatile boolean stopped;

  /**
   * @param onExported called with indexes up to which the bucket holds everything; now and then
   *     with one that is lower than before
   * @param onHalted called once, where a newer incarnation has ended the register or it is damaged
   */
  public Exporter(
      ExportRegister register,
      Scheduler scheduler,
      LongConsumer onExported,
      Consumer<Throwable> onHalted) {
    this(register, scheduler, SnapshotPolicy.DEFAULT, onExported, onHalted);
  }

  Exporter(
      ExportRegister register,
      Scheduler scheduler,
      SnapshotPolicy policy,
      LongConsumer onExported,
      Consumer<Throwable> onHalted) {
    this.register = register;
    this.retry = Retry.until(() -> stopped, scheduler);
    this.policy = policy;
    this.onExported = onExported;
    this.onHalted = onHalted;
  }

  /**
   * This broker has become the leader, with {@code applied} as its newest state. Whatever of it the
   * register lacks is written as a whole image, since the commands are no longer at hand.
   */
  public void lead(AppliedCommand applied) {
    synchronized (this) {
      if (stopped) {
        return;
      }
      leading = true;
      waiting.add(new Waiting(applied, new CompletableFuture<>()));
      if (busy) {
        // What is under way ends with a look at the queue; and whatever somebody else wrote
        // meanwhile is met at the next number.
        return;
      }
      busy = true;
    }
    refresh();
  }

  /** This broker no longer leads: it stops writing, and nobody waits for it any more. */
  public void follow() {
    List<Waiting> released;
    synchronized (this) {
      leading = false;
      released = new ArrayList<>(waiting);
      waiting.clear();
    }
    MetadataUnavailableException failure =
        new MetadataUnavailableException("no longer the metadata leader");
    released.forEach(one -> one.exported().completeExceptionally(failure));
  }

  /** Stops for good. A request under way may still take effect. */
  public void close() {
    stopped = true;
    follow();
  }

  /**
   * Takes over what the state machine applied, in the order of the log. The future completes when
   * the bucket holds it; at once where this broker does not lead, as then somebody else exports and
   * nobody here is to be answered.
   */
  public CompletableFuture<Void> offer(AppliedCommand applied) {
    CompletableFuture<Void> exported = new CompletableFuture<>();
    synchronized (this) {
      if (stopped) {
        return CompletableFuture.failedFuture(
            new MetadataUnavailableException("metadata exports have stopped"));
      }
      if (!leading) {
        return CompletableFuture.completedFuture(null);
      }
      waiting.add(new Waiting(applied, exported));
    }
    next();
    return exported;
  }

  /** Learns where the register stands, then goes on writing. The caller has set {@code busy}. */
  private void refresh() {
    ExportState known;
    synchronized (this) {
      known = state;
    }
    retry
        .run("export register", () -> read(known))
        .thenAccept(
            found -> {
              synchronized (this) {
                state = sharingImage(found);
                busy = false;
              }
              onExported.accept(found.index());
              next();
            })
        .whenComplete(this::haltOnFailure);
  }

  private CompletableFuture<ExportState> read(@Nullable ExportState known) {
    return register
        .boundary()
        .thenCompose(
            boundary ->
                known != null && boundary < known.nextNumber()
                    ? register.plusAllThatFollow(known)
                    : register.load().thenApply(this::begun));
  }

  private ExportState begun(Optional<ExportState> found) {
    return found.orElseThrow(
        () ->
            new CorruptMetadataException(
                "incarnation " + register.incarnation() + " has no first export"));
  }

  /** Keeps one image where two say the same; two that should and do not are a fault of ours. */
  private ExportState sharingImage(ExportState found) {
    Waiting first = waiting.peek();
    if (first == null || first.applied().image().version() != found.image().version()) {
      return found;
    }
    MetadataImage applied = first.applied().image();
    if (!applied.sameContent(found.image())) {
      throw new IllegalStateException(
          "metadata differs between Raft and the bucket at index " + applied.version());
    }
    return found.withImage(applied);
  }

  private record Batch(byte[] bytes, AppliedCommand last, boolean snapshot, ExportState before) {}

  /** Starts the next object unless one is under way; answers those that need none. */
  private void next() {
    List<Waiting> done = new ArrayList<>();
    Batch batch = null;
    synchronized (this) {
      ExportState known = state;
      if (busy || !leading || known == null) {
        return;
      }
      takeDone(known.index(), done);
      if (!waiting.isEmpty()) {
        batch = gather(known);
        busy = true;
      }
    }
    answer(done);
    if (batch != null) {
      write(batch);
    }
  }

  /** Moves those whose effect lies at or below {@code exportedIndex} from the queue to done. */
  private void takeDone(long exportedIndex, List<Waiting> done) {
    while (!waiting.isEmpty()) {
      AppliedCommand first = waiting.element().applied();
      if (first.index() > exportedIndex && first.image().version() > exportedIndex) {
        return;
      }
      done.add(waiting.remove());
    }
  }

  private void answer(List<Waiting> done) {
    if (!done.isEmpty()) {
      onExported.accept(done.get(done.size() - 1).applied().index());
      done.forEach(one -> one.exported().complete(null));
    }
  }

  private Batch gather(ExportState before) {
    List<ExportObject.Entry> entries = new ArrayList<>();
    AppliedCommand last = waiting.element().applied();
    // At the head, something that is not exported and has no bytes is a whole state.
    boolean snapshot = last.command() == null;
    long bytes = 0;
    for (Waiting one : waiting) {
      byte[] command = one.applied().command();
      if (bytes > BATCH_BYTES_MAX) {
        break;
      }
      if (command != null && one.applied().index() > before.index()) {
        entries.add(new ExportObject.Entry(one.applied().index(), ByteBuffer.wrap(command)));
        bytes += command.length;
      }
      last = one.applied();
    }
    ExportObject.Header header =
        new ExportObject.Header(
            register.incarnation(),
            before.nextNumber(),
            register.writer(),
            before.index(),
            last.term(),
            last.index());
    snapshot |= policy.wantsSnapshot(before, bytes);
    ExportObject object =
        snapshot
            ? new ExportObject.Snapshot(header, last.image())
            : new ExportObject.Delta(header, entries);
    return new Batch(object.encode(), last, snapshot, before);
  }

  /** The caller has set {@code busy}. */
  private void write(Batch batch) {
    long number = batch.before().nextNumber();
    retry
        .run("export " + number, () -> register.append(number, batch.bytes()))
        .thenAccept(found -> written(batch, found))
        .whenComplete(this::haltOnFailure);
  }

  private void written(Batch batch, Optional<ExportObject> found) {
    if (found.isEmpty()) {
      LOG.info("export {} was reclaimed meanwhile", batch.before().nextNumber());
      synchronized (this) {
        state = null;
      }
      refresh();
      return;
    }
    ExportObject.Header header = found.get().header();
    boolean ours =
        header.writer().equals(register.writer()) && !(found.get() instanceof ExportObject.Fence);
    ExportState after =
        ours
            ? batch.before().plusOwn(batch.last(), batch.snapshot(), batch.bytes().length)
            : batch.before().plus(found.get(), batch.bytes().length);
    if (!ours) {
      LOG.info("export {} was written by another leader", header.number());
    }
    List<Waiting> done = new ArrayList<>();
    synchronized (this) {
      state = after;
      takeDone(after.index(), done);
      busy = false;
    }
    onExported.accept(after.index());
    answer(done);
    if (ours && batch.snapshot()) {
      register.raiseBoundary(header.number()).whenComplete(Exporter::logOnFailure);
    }
    next();
  }

  private static void logOnFailure(Void nothing, @Nullable Throwable failure) {
    if (failure != null) {
      // The next snapshot makes up for it.
      LOG.info("boundary of the export register not raised: {}", failure.toString());
    }
  }

  private void haltOnFailure(Void nothing, @Nullable Throwable failure) {
    if (failure == null || stopped) {
      return;
    }
    Throwable cause = Failures.causeOf(failure);
    LOG.error("metadata exports have stopped: {}", cause.toString());
    close();
    onHalted.accept(cause);
  }
}
