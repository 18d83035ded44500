package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.memtable.Memtable;
import io.sediment.lsm.memtable.TailCache;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.scan.IndexCache;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves memtables to the store: cut at a slot boundary, wait for that slot's acknowledgement, build
 * one L0, put it together with the partition table that says so, then one manifest commit that adds
 * it and sets {@code replayAfter} to exactly that slot (invariant I10).
 *
 * <p>Some objects are put at once; they are built and committed in the order they were cut. What
 * the store does not take is tried again for ever, since this data can go nowhere else; only losing
 * the lane ends it. Without data nothing happens: no timer, no request.
 */
final class LaneFlusher implements LaneWriter.FlushTrigger {
  private static final Logger log = LoggerFactory.getLogger(LaneFlusher.class);

  /** A memtable on its way. */
  private record Flush(LaneWriter.Cut cut, long cutNanos, CompletableFuture<Void> done) {}

  private final LaneId lane;
  private final WriterTerm term;
  private final LaneConfig config;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final ProducerExpiry expiry;
  private final PatientStore store;
  private final ManifestStore manifests;
  private final L0Builder builder;
  private final LaneObjects objects;
  private final IndexCache indexes;
  private final TailCache tailCache;
  private final ConcurrentMap<PartitionId, PartitionState> partitions;
  private final LaneGarbage garbage;
  private final FlushListener listener;

  private final ArrayDeque<Flush> waiting = new ArrayDeque<>(); // guarded by this
  private final List<Memtable> abandoned = new ArrayList<>(); // guarded by this
  private boolean dropping; // guarded by this
  private int inFlight; // guarded by this
  private long inFlightBytes; // guarded by this
  private long nextNumber = LaneRecovery.ADOPTION_TABLE + 1; // guarded by this
  private WalSlot acked; // guarded by this
  private CompletableFuture<?> lastBuild = CompletableFuture.completedFuture(null); // by this
  private CompletableFuture<PartitionTable> lastCommit; // guarded by this
  private Scheduler.@Nullable Cancellable ageTimer; // guarded by this
  private long ageTimerFor; // guarded by this: number of the memtable
  private final CompletableFuture<LaneHaltedException> stopped = new CompletableFuture<>();
  private @Nullable LaneHaltedException halted; // guarded by this
  private volatile @Nullable LaneWriter writer; // set before the first append

  LaneFlusher(LaneParts parts, PartitionTable table, L0Builder builder, FlushListener listener) {
    this.lane = parts.lane();
    this.term = parts.term();
    this.config = parts.config();
    this.scheduler = parts.environment().scheduler();
    this.ticker = parts.environment().ticker();
    this.expiry = parts.producerExpiry();
    this.store = parts.store();
    this.manifests = parts.manifests();
    this.builder = builder;
    this.objects = parts.objects();
    this.indexes = parts.indexes();
    this.tailCache = parts.tailCache();
    this.partitions = parts.partitions();
    this.garbage = parts.garbage();
    this.listener = listener;
    this.acked = new WalSlot(term.epoch(), 0);
    this.lastCommit = CompletableFuture.completedFuture(table);
  }

  /** Connects the write path; before the first append. */
  void start(LaneWriter opened) {
    writer = opened;
  }

  // -- when --------------------------------------------------------------------------------------

  @Override
  public void onFirstBatch(long memtable) {
    synchronized (this) {
      if (memtable < ageTimerFor || halted != null) {
        return; // told late: that one was cut before
      }
      if (ageTimer != null) {
        ageTimer.cancel();
      }
      ageTimerFor = memtable;
      ageTimer = scheduler.schedule(() -> flushIfStill(memtable), config.flushAge());
    }
  }

  @Override
  public void onFull() {
    scheduler.execute(this::flush);
  }

  @Override
  public void onMemoryPressure() {
    boolean relievesSoon;
    synchronized (this) {
      relievesSoon = inFlight > 0 || !waiting.isEmpty();
    }
    if (!relievesSoon) {
      scheduler.execute(this::flush);
    }
  }

  @Override
  public void onAcked(WalSlot slot) {
    synchronized (this) {
      acked = slot;
    }
    startWhatCan();
  }

  @Override
  public void onHalted(LaneHaltedException cause) {
    List<Flush> given;
    synchronized (this) {
      halted = cause;
      given = List.copyOf(waiting);
      given.forEach(flush -> abandoned.add(flush.cut().memtable()));
      waiting.clear();
      if (ageTimer != null) {
        ageTimer.cancel();
      }
    }
    store.stop(cause);
    garbage.stop();
    given.forEach(flush -> flush.done().completeExceptionally(cause));
    stopped.complete(cause);
  }

  /** Completes when the lane has halted, with why. */
  CompletableFuture<LaneHaltedException> stopped() {
    return stopped.copy();
  }

  /** After the end: what was never flushed is given up, what is being put when the put ends. */
  void dropMemtables() {
    List<Memtable> memtables;
    synchronized (this) {
      dropping = true;
      memtables = List.copyOf(abandoned);
      abandoned.clear();
    }
    memtables.forEach(this::drop);
  }

  private void abandon(Memtable memtable) {
    synchronized (this) {
      if (!dropping) {
        abandoned.add(memtable);
        return;
      }
    }
    drop(memtable);
  }

  private void drop(Memtable memtable) {
    tailCache.add(memtable);
    tailCache.clear();
  }

  /** Flushes everything appended so far; completes when it is committed. */
  CompletableFuture<Void> flush() {
    CompletableFuture<Void> done = enqueue(writer()::cut);
    startWhatCan();
    return done;
  }

  private void flushIfStill(long memtable) {
    enqueue(() -> writer().cut(memtable));
    startWhatCan();
  }

  /**
   * Takes a turn among the commits: after all flushes begun so far, before all later ones. The
   * action gets the newest partition table and a number for another one, and returns the table that
   * counts from then on; should it fail, the old one does.
   */
  synchronized CompletableFuture<Void> inTurn(
      BiFunction<PartitionTable, Long, CompletableFuture<PartitionTable>> action) {
    long number = drawNumbers(1);
    CompletableFuture<Void> done = new CompletableFuture<>();
    lastCommit =
        lastCommit.thenComposeAsync(
            before ->
                action
                    .apply(before, number)
                    .handle(
                        (after, failure) -> {
                          if (failure != null) {
                            done.completeExceptionally(failure);
                            return before;
                          }
                          done.complete(null);
                          return after;
                        }),
            scheduler);
    lastCommit.exceptionally(
        halted -> {
          done.completeExceptionally(halted); // an earlier commit failed: this had no turn
          throw new CompletionException(halted);
        });
    return done;
  }

  /** Bytes cut and not yet committed. */
  synchronized long waitingBytes() {
    long bytes = inFlightBytes;
    for (Flush flush : waiting) {
      bytes += flush.cut().memtable().sizeBytes();
    }
    return bytes;
  }

  // -- in order ----------------------------------------------------------------------------------

  /** Cuts under this object's monitor, else two cuts could swap places in the queue. */
  private synchronized CompletableFuture<Void> enqueue(Supplier<LaneWriter.@Nullable Cut> cutting) {
    if (halted != null) {
      return CompletableFuture.failedFuture(halted);
    }
    LaneWriter.Cut cut = cutting.get();
    if (cut == null) { // nothing new: what was cut before is all there is
      return waiting.isEmpty()
          ? lastCommit.thenApply(table -> null)
          : waiting.getLast().done().copy();
    }
    Flush flush = new Flush(cut, ticker.nanoTime(), new CompletableFuture<>());
    waiting.addLast(flush);
    return flush.done().copy();
  }

  private synchronized void startWhatCan() {
    while (halted == null
        && inFlight < config.flushesInFlight()
        && !waiting.isEmpty()
        && waiting.peekFirst().cut().slot().compareTo(acked) <= 0) {
      Flush flush = waiting.removeFirst();
      inFlight++;
      inFlightBytes += flush.cut().memtable().sizeBytes();
      start(flush);
    }
  }

  /** Of the counter that data objects share; drawn in the order of the commits to come. */
  private synchronized long drawNumbers(int count) {
    long first = nextNumber;
    nextNumber += count;
    return first;
  }

  /** Chains the steps; each runs on the scheduler, never under this object's monitor. */
  private synchronized void start(Flush flush) {
    long objectNumber = drawNumbers(2); // the second one is the partition table's
    if (listener.isLogged()) {
      log.info(
          "flush begins: lane={} number={} bytes={} upTo={}",
          lane,
          objectNumber,
          flush.cut().memtable().sizeBytes(),
          flush.cut().slot());
    }
    ObjectIdentity identity =
        new ObjectIdentity(
            SortedObjectKind.L0,
            term.incarnation(),
            lane,
            term.epoch(),
            objectNumber,
            term.writerId());
    CompletableFuture<PartitionTable> lastCommitBefore = lastCommit;
    CompletableFuture<L0Builder.Built> built =
        lastBuild
            .handleAsync((before, failure) -> identity, scheduler)
            .thenCompose(it -> builder.build(flush.cut().memtable(), it));
    lastBuild = built;
    CompletableFuture<SortedObject> stored =
        built
            .thenApply(L0Builder.Built::object)
            .thenCompose(
                object ->
                    store
                        .putOurs("l0 put", object.description().key(), object.body())
                        .thenApply(done -> object.description()));
    CompletableFuture<NewTable> table =
        built.thenCompose(
            made ->
                lastCommitBefore.thenComposeAsync(before -> writeTable(made, before), scheduler));
    CompletableFuture<PartitionTable> committed =
        stored.thenCompose(object -> table.thenCompose(written -> commit(flush, object, written)));
    lastCommit = committed;
    committed.whenComplete((done, failure) -> finish(flush, failure));
  }

  private record NewTable(PartitionTable table, TableRef ref) {}

  /** While the object it speaks of is put: what no manifest names counts for nobody. */
  private CompletableFuture<NewTable> writeTable(L0Builder.Built made, PartitionTable before) {
    SortedObject object = made.object().description();
    PartitionTable table =
        new TableFold(before.withoutProducersBefore(expiry.beforeMs()))
            .add(object, made.inherited())
            .table(term.epoch(), object.identity().number() + 1);
    return LaneRecovery.writeTable(store, table).thenApply(ref -> new NewTable(table, ref));
  }

  private CompletableFuture<PartitionTable> commit(
      Flush flush, SortedObject object, NewTable written) {
    return manifests
        .commit(new AddL0(term, L0Ref.of(object), written.ref(), flush.cut().slot()))
        .thenApply(
            manifest -> {
              publish(flush, object, manifest);
              return written.table();
            });
  }

  /** The view first, then memory may let go: a reader finds the data in one of them. */
  private void publish(Flush flush, SortedObject object, Manifest manifest) {
    indexes.put(object);
    objects.publish(manifest);
    for (Section section : object.sections()) {
      PartitionState partition = partitions.get(section.partition());
      if (partition != null) {
        partition.addStoredBytes(section.length());
      }
    }
    tailCache.add(flush.cut().memtable());
    garbage.onCommit();
    Duration took = Duration.ofNanos(ticker.nanoTime() - flush.cutNanos());
    if (listener.isLogged()) {
      log.info(
          "flushed: lane={} object={} bytes={} partitions={} replayAfter={} manifest={} tookMs={}",
          lane,
          object.key(),
          object.length(),
          object.sections().size(),
          flush.cut().slot(),
          manifest.id(),
          took.toMillis());
    }
    listener.onFlushed(object, took);
  }

  private void finish(Flush flush, @Nullable Throwable failure) {
    synchronized (this) {
      inFlight--;
      inFlightBytes -= flush.cut().memtable().sizeBytes();
    }
    if (failure == null) {
      flush.done().complete(null);
      startWhatCan();
      return;
    }
    abandon(flush.cut().memtable());
    Throwable cause = Failures.causeOf(failure);
    flush.done().completeExceptionally(cause);
    if (!(cause instanceof LaneHaltedException)) {
      if (cause instanceof LaneFencedException) {
        log.warn("fenced, the lane stops: {}", cause.getMessage());
      } else {
        log.error("flush failed, the lane stops: lane={} term={}", lane, term, cause);
      }
      writer().halt(haltedBy(cause));
    }
  }

  private LaneHaltedException haltedBy(Throwable failure) {
    String what =
        failure instanceof LaneFencedException ? "fenced by its manifest" : "cannot flush";
    return new LaneHaltedException(
        "lane=" + lane + " epoch=" + term.epoch() + " " + what + ": " + failure.getMessage(),
        failure);
  }

  private LaneWriter writer() {
    LaneWriter started = writer;
    if (started == null) {
      throw new IllegalStateException("lane has no write path yet");
    }
    return started;
  }
}
