package io.sediment.lsm.gc;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.CompactorTerm;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestEdit.AdoptSealed;
import io.sediment.lsm.manifest.ManifestEdit.ClaimCompactor;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.manifest.ManifestEdit.DropObjects;
import io.sediment.lsm.manifest.ManifestEdit.ReplaceWithRuns;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** One lane in one bucket, and brokers that write to it and collect what is let go. */
final class GarbageWorld {
  static final LaneId LANE = new LaneId(4);
  static final LaneKeys KEYS = new LaneKeys(LANE);
  private static final Duration LIMIT = Duration.ofHours(5);

  final Simulation simulation;
  final SimObjectStore bucket;

  GarbageWorld(long seed, FaultPlan plan) {
    this(new Simulation(seed), plan);
  }

  GarbageWorld(Simulation simulation, FaultPlan plan) {
    this.simulation = simulation;
    this.bucket = new SimObjectStore(simulation, plan);
  }

  Broker broker(long epoch) {
    return broker(epoch, new GarbageOptions(64, 30, Duration.ofMillis(5)));
  }

  Broker broker(long epoch, GarbageOptions options) {
    return new Broker(this, simulation.process("broker-" + epoch), epoch, options);
  }

  @Nullable Throwable failure(CompletableFuture<?> future) {
    return await(future.handle((value, failure) -> failure));
  }

  <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, LIMIT, "answer");
  }

  void at(int seconds, Runnable task) {
    simulation.world().schedule(task, Duration.ofSeconds(seconds));
  }

  List<String> walSlots() {
    return bucket.keys(KEYS.walPrefix()).stream()
        .map(key -> key.value().substring(KEYS.walPrefix().length()).replaceAll("0{3,}", ""))
        .toList();
  }

  void watchDeletes() {
    bucket.observe(
        (phase, request) -> {
          if (phase == StoreRequest.Phase.LANDING && request.op() == StoreOp.DELETE) {
            checkDelete(request);
          }
        });
  }

  private void checkDelete(StoreRequest request) {
    var newest = StoredManifests.newest(bucket, LANE);
    List<ObjectKey> named = StoredManifests.named(newest);
    for (ObjectKey key : request.keys()) {
      boolean unflushed =
          key.value().startsWith(KEYS.walPrefix())
              && key.compareTo(KEYS.wal(newest.replayAfter())) > 0;
      boolean fence = bucket.peek(key).filter(bytes -> bytes.length == 64).isPresent();
      boolean ahead =
          key.value().startsWith(KEYS.manifestPrefix())
              && key.compareTo(KEYS.manifest(newest.id())) >= 0;
      if (named.contains(key) || unflushed || fence || ahead) {
        simulation.fail("live object deleted: " + key + " newest=" + newest);
      }
    }
  }

  /** A writer that stores bodies of no meaning under the right keys. */
  static final class Broker {
    final GarbageWorld world;
    final SimScheduler process;
    final WriterTerm term;
    final ObjectStore store;
    final ManifestStore manifests;
    final GarbageCollector collector;
    long nextSeq = 1;
    long nextNumber = 1;

    Broker(GarbageWorld world, SimScheduler process, long epoch, GarbageOptions options) {
      this.world = world;
      this.process = process;
      this.term = new WriterTerm(1, epoch, new UUID(3, epoch));
      this.store = world.bucket.forProcess(process);
      this.manifests = new ManifestStore(store, LANE, term.writerId(), process);
      this.collector = new GarbageCollector(store, manifests, LANE, process, options);
    }

    void open() {
      world.await(manifests.open());
      commit(new ClaimEpoch(term));
    }

    void commit(ManifestEdit edit) {
      world.await(manifests.commit(edit));
    }

    void writeWal(int slots) {
      for (int i = 0; i < slots; i++) {
        upload(KEYS.wal(new WalSlot(term.epoch(), nextSeq++)));
      }
    }

    void fence(long epoch, long seq) {
      ObjectIdentity identity =
          new ObjectIdentity(SortedObjectKind.FENCE, 1, LANE, epoch, seq, term.writerId());
      world.await(
          store.putIfAbsent(
              KEYS.wal(new WalSlot(epoch, seq)), SortedObjectWriter.fence(identity).body()));
    }

    void upload(ObjectKey key) {
      world.await(put(key));
    }

    CompletableFuture<?> put(ObjectKey key) {
      return store.putIfAbsent(key, ObjectBody.of(new byte[100]));
    }

    void flush() {
      AddL0 edit = nextL0();
      upload(edit.object().key(LANE));
      upload(edit.table().key(LANE));
      commit(edit);
    }

    void flush(int times) {
      for (int i = 0; i < times; i++) {
        writeWal(1);
        flush();
      }
    }

    /** Everything in level 0. */
    void drop() {
      commit(new DropObjects(term, manifests.current().l0(), List.of(), null));
    }

    RunRef replaceWithRun(List<L0Ref> sources, List<L0Ref> referenced) {
      UUID compactor = new UUID(5, 5);
      commit(new ClaimCompactor(1, compactor));
      long compactorEpoch = manifests.current().level1().compactorEpoch();
      RunRef run =
          new RunRef(
              compactorEpoch,
              1,
              100,
              7,
              0,
              1,
              90,
              5_000,
              Place.NONE,
              Place.NONE,
              0,
              referenced.stream().map(DataRef::of).toList());
      upload(run.key(LANE));
      commit(
          new ReplaceWithRuns(
              new CompactorTerm(1, compactorEpoch, compactor),
              List.of(),
              sources,
              List.of(run),
              2));
      return manifests.current().level1().runs().get(0);
    }

    /** Adopts slots 1 to {@code lastSeq} of {@code epoch}. */
    void adopt(long epoch, long lastSeq) {
      List<L0Ref> objects =
          LongStream.rangeClosed(1, lastSeq)
              .mapToObj(seq -> ref(SortedObjectKind.WAL, epoch, seq))
              .toList();
      TableRef table = new TableRef(term.epoch(), nextNumber++, 100, 1);
      upload(table.key(LANE));
      commit(new AdoptSealed(term, objects, table, new WalSlot(term.epoch(), 0)));
    }

    void flushNothing() {
      commit(new AdoptSealed(term, List.of(), null, new WalSlot(term.epoch(), 0)));
    }

    /** As many passes as it takes to see everything. */
    CompletableFuture<GarbageResult> passes() {
      return collector
          .pass()
          .thenCompose(
              result -> collector.isDone() ? CompletableFuture.completedFuture(result) : passes());
    }

    /** Opens the lane, then writes, flushes and collects until it is fenced or done. */
    void live(int flushes) {
      retrying(() -> manifests.open())
          .thenCompose(opened -> manifests.commit(new ClaimEpoch(term)))
          .thenCompose(claimed -> flushes(flushes))
          .exceptionally(
              failure -> {
                Throwable cause = failure.getCause();
                boolean mayDie =
                    cause instanceof LaneFencedException
                        || cause instanceof CorruptObjectException; // damaged three times in a row
                if (!mayDie) {
                  world.simulation.fail("broker died of " + cause);
                }
                return null;
              });
    }

    private CompletableFuture<Void> flushes(int left) {
      if (left == 0) {
        return CompletableFuture.completedFuture(null);
      }
      ObjectKey wal = KEYS.wal(new WalSlot(term.epoch(), nextSeq++));
      AddL0 edit = nextL0();
      return retrying(() -> put(wal))
          .thenCompose(x -> retrying(() -> put(edit.object().key(LANE))))
          .thenCompose(x -> retrying(() -> put(edit.table().key(LANE))))
          .thenCompose(x -> manifests.commit(edit))
          .thenCompose(x -> collector.pass().handle((result, failure) -> result))
          .thenCompose(x -> flushes(left - 1));
    }

    private <T> CompletableFuture<T> retrying(Supplier<CompletableFuture<T>> call) {
      return call.get()
          .handle(
              (value, failure) -> {
                if (failure == null) {
                  return CompletableFuture.completedFuture(value);
                }
                Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                if (!(cause instanceof ObjectStoreException.Unavailable)) {
                  return CompletableFuture.<T>failedFuture(cause);
                }
                CompletableFuture<Void> pause = new CompletableFuture<>();
                process.schedule(() -> pause.complete(null), Duration.ofSeconds(1));
                return pause.thenCompose(go -> retrying(call));
              })
          .thenCompose(result -> result);
    }

    private AddL0 nextL0() {
      long number = nextNumber++;
      return new AddL0(
          term,
          ref(SortedObjectKind.L0, term.epoch(), number),
          new TableRef(term.epoch(), number, 100, 1),
          new WalSlot(term.epoch(), nextSeq - 1));
    }

    private static L0Ref ref(SortedObjectKind kind, long epoch, long number) {
      return new L0Ref(kind, epoch, number, 100, 7, 3, 90, 5_000);
    }
  }
}
