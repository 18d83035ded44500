package io.sediment.lsm.manifest;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manifests of one lane, as one committer sees them: a compare-and-set register built from
 * dense ids that are created once.
 *
 * <p>To commit is to create id + 1, then to read the boundary and see it below. Whatever else
 * happens is resolved by reading: a put whose answer was lost is made again and then meets itself;
 * a foreign manifest in its place is a lost race, so the edit is applied to the newest one; a
 * boundary that has passed our id says that we slept and created what had been deleted, which
 * nobody will ever look at.
 *
 * <p>Calls are carried out one after the other. They wait out an unavailable store, however long,
 * until {@link #close}; other failures come through: {@link LaneFencedException}, {@code Refused},
 * {@link CorruptObjectException}, and {@link IllegalStateException} for an edit that would break an
 * invariant. Thread-safe.
 */
public final class ManifestStore {
  private static final Logger LOG = LoggerFactory.getLogger(ManifestStore.class);

  /** How many of the newest manifests a lane at work keeps at most, for readers that come late. */
  public static final int MANIFESTS_KEPT = 16;

  /** Enough to find the newest in one round where old ones are reclaimed now and then. */
  private static final int PROBES_AT_ONCE = MANIFESTS_KEPT + 8;

  /** Where one newer manifest was found there are seldom more than a few. */
  private static final int READS_AHEAD = 4;

  private final ObjectStore store;
  private final LaneKeys keys;
  private final LaneId lane;
  private final UUID committer;
  private final BoundaryRegister boundary;
  private final ManifestReader reader;
  private final PatientCalls patiently;

  private volatile @Nullable Manifest current;
  private final NavigableMap<Long, Manifest> recent = new ConcurrentSkipListMap<>();
  private long commitNumber; // touched by the one call in progress only
  private CompletableFuture<?> lastCall = CompletableFuture.completedFuture(null); // by this

  /**
   * @param committer unique to this instance, of all that ever commit to the lane
   */
  public ManifestStore(ObjectStore store, LaneId lane, UUID committer, Scheduler scheduler) {
    this.store = store;
    this.keys = new LaneKeys(lane);
    this.lane = lane;
    this.committer = committer;
    this.boundary = new BoundaryRegister(store, lane);
    this.reader = new ManifestReader(store);
    this.patiently = new PatientCalls(scheduler);
  }

  /** Finds the newest manifest; {@link Manifest#none} for a lane without any. */
  public CompletableFuture<Manifest> open() {
    return inTurn(this::reload);
  }

  /** The newest manifest known here, from memory. */
  public Manifest current() {
    Manifest manifest = current;
    if (manifest == null) {
      throw new IllegalStateException("manifest store is not open: lane=" + lane);
    }
    return manifest;
  }

  /** Looks whether {@link #current} is still the newest, and returns the newest. */
  public CompletableFuture<Manifest> refresh() {
    return inTurn(
        () -> {
          Manifest known = current();
          return read(known.id() + 1)
              .thenCompose(
                  newer -> newer.isPresent() ? newestFrom(newer.get()) : ifStillThere(known))
              .exceptionallyCompose(
                  failure ->
                      Failures.causeOf(failure) instanceof CorruptObjectException
                          ? reload() // perhaps one that lies between, which nobody needs
                          : CompletableFuture.failedFuture(failure));
        });
  }

  /** The newest one, of which {@code found} is known to have been there a moment ago. */
  private CompletableFuture<Manifest> newestFrom(Manifest found) {
    List<CompletableFuture<Optional<Manifest>>> reads = new ArrayList<>(READS_AHEAD);
    for (int i = 1; i <= READS_AHEAD; i++) {
      reads.add(read(found.id() + i));
    }
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenCompose(
            done -> {
              Manifest newest = found;
              for (CompletableFuture<Optional<Manifest>> read : reads) {
                Optional<Manifest> next = read.join();
                if (next.isEmpty()) {
                  return ifStillThere(newest);
                }
                newest = next.get();
              }
              return newestFrom(newest);
            });
  }

  /** Unless it has been let go of meanwhile, or was already when it was created. */
  private CompletableFuture<Manifest> ifStillThere(Manifest newest) {
    return readBoundary()
        .thenCompose(
            deleted -> {
              if (deleted >= newest.id() && newest.id() > 0) {
                return reload();
              }
              remember(newest);
              return CompletableFuture.completedFuture(newest);
            });
  }

  /**
   * Makes {@code edit} part of the newest manifest, whichever that is. Does nothing where it is
   * part of it already.
   *
   * @return the manifest that has it, committed and believed
   */
  public CompletableFuture<Manifest> commit(ManifestEdit edit) {
    return inTurn(() -> attempt(edit, current()));
  }

  /**
   * Lets go of all manifests up to {@code id}: from now on they mean nothing, and whoever creates
   * one of them again learns so. To be done before one of them, or an object that only they name,
   * is deleted. Idempotent. Fails as the store does.
   *
   * @param id below that of {@link #current}
   */
  public CompletableFuture<Void> raiseBoundary(long id) {
    if (id >= current().id()) {
      throw new IllegalArgumentException(
          "boundary at the newest manifest: lane="
              + lane
              + " id="
              + id
              + " newest="
              + current().id());
    }
    return boundary.raiseTo(id);
  }

  /**
   * The manifests that somebody may be reading: every one above the boundary up to {@link
   * #current}, oldest first. What none of them names is unreachable.
   */
  public CompletableFuture<List<Manifest>> retained() {
    Manifest newest = current();
    return readBoundary().thenCompose(deleted -> stored(deleted + 1, newest));
  }

  /** The manifests from id {@code first} on as far as they are there, up to {@code last}. */
  public CompletableFuture<List<Manifest>> stored(long first, Manifest last) {
    List<Manifest> found = new ArrayList<>();
    return readInOrder(first, last.id() - 1, this::read, found::add)
        .thenApply(
            read -> {
              found.add(last);
              return found;
            });
  }

  /**
   * Hands over the manifests from id {@code first} to {@code last}, oldest first, that are to be
   * let go, as far as they are there and whole: one that is damaged must not stay for ever.
   */
  public CompletableFuture<Void> leaving(long first, long last, Consumer<Manifest> each) {
    return readInOrder(
        first,
        last,
        id ->
            read(id)
                .exceptionallyCompose(
                    failure -> {
                      if (!(failure instanceof CorruptObjectException)) {
                        return CompletableFuture.failedFuture(failure);
                      }
                      LOG.warn("let go without knowing what it named: {}", failure.getMessage());
                      return CompletableFuture.completedFuture(Optional.empty());
                    }),
        each);
  }

  private CompletableFuture<Void> readInOrder(
      long first,
      long last,
      LongFunction<CompletableFuture<Optional<Manifest>>> read,
      Consumer<Manifest> each) {
    if (first > last) {
      return CompletableFuture.completedFuture(null);
    }
    List<CompletableFuture<Optional<Manifest>>> reads = new ArrayList<>();
    long next = first;
    for (; next <= last && reads.size() < PROBES_AT_ONCE; next++) {
      Manifest known = recent.get(next);
      reads.add(
          known == null ? read.apply(next) : CompletableFuture.completedFuture(Optional.of(known)));
    }
    long rest = next;
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenCompose(
            done -> {
              // One that is gone by now was let go of by somebody else.
              reads.forEach(found -> found.join().ifPresent(each));
              return readInOrder(rest, last, read, each);
            });
  }

  /** The highest manifest id that may have been deleted, read from the store. */
  public CompletableFuture<Long> readBoundary() {
    return patiently.call(boundary::read);
  }

  /** Calls in progress no longer wait for an unavailable store. */
  public void close() {
    patiently.close();
  }

  private <T> CompletableFuture<T> inTurn(Supplier<CompletableFuture<T>> call) {
    synchronized (this) {
      CompletableFuture<T> result =
          lastCall.handle((value, failure) -> value).thenCompose(before -> call.get());
      lastCall = result;
      return result.thenApply(value -> value); // completing the copy does no harm
    }
  }

  // -- committing --------------------------------------------------------------------------------

  private CompletableFuture<Manifest> attempt(ManifestEdit edit, Manifest base) {
    Optional<Manifest> changed = edit.applyTo(base);
    if (changed.isEmpty()) {
      return CompletableFuture.completedFuture(base);
    }
    CommitId commitId = new CommitId(committer, ++commitNumber);
    Manifest next = changed.get().withCommit(base.id() + 1, commitId);
    ManifestInvariants.check(base, next, edit.role());
    ObjectKey key = keys.manifest(next.id());
    ObjectBody body = ObjectBody.of(ManifestLayout.encode(next));
    return patiently
        .call(() -> store.putIfAbsent(key, body))
        .thenCompose(
            result ->
                result instanceof PutResult.Created ? believe(edit, next) : resolve(edit, next));
  }

  /** Something is there: our own put, whose answer was lost, or another commit. */
  private CompletableFuture<Manifest> resolve(ManifestEdit edit, Manifest next) {
    return read(next.id())
        .thenCompose(
            found ->
                found.filter(it -> it.commitId().equals(next.commitId())).isPresent()
                    ? believe(edit, next)
                    : rebase(edit));
  }

  private CompletableFuture<Manifest> believe(ManifestEdit edit, Manifest next) {
    return readBoundary()
        .thenCompose(
            deleted -> {
              if (deleted >= next.id()) {
                return rebase(edit);
              }
              remember(next);
              return CompletableFuture.completedFuture(next);
            });
  }

  private CompletableFuture<Manifest> rebase(ManifestEdit edit) {
    return reload().thenCompose(newest -> attempt(edit, newest));
  }

  // -- finding the newest ------------------------------------------------------------------------

  private CompletableFuture<Manifest> reload() {
    return findNewest()
        .thenApply(
            newest -> {
              remember(newest);
              return newest;
            });
  }

  private void remember(Manifest newest) {
    current = newest;
    recent.put(newest.id(), newest);
    recent.headMap(newest.id() - PROBES_AT_ONCE).clear();
  }

  private CompletableFuture<Manifest> findNewest() {
    return readBoundary()
        .thenCompose(
            deleted ->
                lastBeforeGap(deleted, 1, Long.MAX_VALUE)
                    .thenCompose(
                        last ->
                            last.equals(deleted)
                                ? noneAbove(deleted)
                                : read(last).thenCompose(found -> stillThere(found, last))));
  }

  /** Ids above the boundary are dense, so there was none, unless the boundary moved meanwhile. */
  private CompletableFuture<Manifest> noneAbove(long deleted) {
    return readBoundary()
        .thenCompose(
            now -> {
              if (now > deleted) {
                return findNewest();
              }
              if (deleted == 0) {
                return CompletableFuture.completedFuture(Manifest.none(lane));
              }
              throw new CorruptObjectException(
                  "no manifest above the boundary: lane=" + lane + " boundary=" + deleted);
            });
  }

  private CompletableFuture<Manifest> stillThere(Optional<Manifest> found, long id) {
    return readBoundary()
        .thenCompose(
            now ->
                found.isPresent() && now < id
                    ? CompletableFuture.completedFuture(found.get())
                    : findNewest());
  }

  /**
   * The last id before the first gap: probes some at once, {@code stride} apart, in ever longer
   * strides while all are there, then in shorter ones.
   *
   * @param from is there, or is the boundary
   * @param to is not there, or unknown
   */
  private CompletableFuture<Long> lastBeforeGap(long from, long stride, long to) {
    List<CompletableFuture<Boolean>> probes = new ArrayList<>(PROBES_AT_ONCE);
    for (int i = 1; i <= PROBES_AT_ONCE && from + i * stride < to; i++) {
      probes.add(exists(from + i * stride));
    }
    return CompletableFuture.allOf(probes.toArray(CompletableFuture[]::new))
        .thenCompose(
            done -> {
              int there = 0;
              while (there < probes.size() && probes.get(there).join()) {
                there++;
              }
              long last = from + there * stride;
              boolean open = there == PROBES_AT_ONCE && to == Long.MAX_VALUE;
              if (open) {
                return lastBeforeGap(last, stride * PROBES_AT_ONCE, to);
              }
              if (stride == 1 && there < PROBES_AT_ONCE) {
                return CompletableFuture.completedFuture(last);
              }
              long gap = there < probes.size() ? last + stride : to;
              long shorter = Math.max(1, stride / PROBES_AT_ONCE);
              return lastBeforeGap(last, shorter, gap);
            });
  }

  private CompletableFuture<Boolean> exists(long id) {
    return patiently.call(
        () -> store.get(keys.manifest(id), ByteRange.of(0, 1)).thenApply(Optional::isPresent));
  }

  private CompletableFuture<Optional<Manifest>> read(long id) {
    return patiently.call(() -> reader.read(lane, id));
  }
}
