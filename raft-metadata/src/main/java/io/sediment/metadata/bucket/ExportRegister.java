package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.Envelope;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * The exported metadata of one incarnation, {@code cluster/meta/<incarnation>/<n>}, and its
 * boundary {@code cluster/meta/<incarnation>/boundary}.
 *
 * <p>The boundary names a snapshot below which numbers may be gone. It is raised, by If-Match only,
 * after that snapshot is durable; whoever looks for the newest number begins there and probes
 * upwards. Number 0 is always a snapshot, the image with which the incarnation began. No boundary
 * means number 0.
 */
public final class ExportRegister {
  private static final int BOUNDARY_MAGIC = 0x5345_4442; // "SEDB"
  private static final int BOUNDARY_VERSION = 1;

  /** Numbers asked for at once while probing. */
  private static final int PROBES = 8;

  private static final long RECLAIMED_AGAIN = 100;

  private final ObjectStore store;
  private final DenseObjects objects;
  private final ObjectKey boundaryKey;
  private final long incarnation;
  private final UUID writer;

  /**
   * @param writer drawn by this process at its start
   */
  public ExportRegister(ObjectStore store, long incarnation, UUID writer) {
    ObjectKey folder = new ObjectKey("cluster/meta/" + DenseObjects.digits(incarnation));
    this.store = store;
    this.objects = new DenseObjects(store, folder);
    this.boundaryKey = folder.resolve("boundary");
    this.incarnation = incarnation;
    this.writer = writer;
  }

  UUID writer() {
    return writer;
  }

  long incarnation() {
    return incarnation;
  }

  /**
   * All that is exported, or empty where the incarnation never began. Fails with {@link
   * FencedMetadataException} where a rebirth has ended the register.
   */
  public CompletableFuture<Optional<ExportState>> load() {
    return boundary().thenCompose(this::loadFrom);
  }

  private CompletableFuture<Optional<ExportState>> loadFrom(long snapshotNumber) {
    // The cluster id comes with the snapshot; nothing is read from this image but its incarnation.
    ExportState nothing =
        ExportState.startingAt(MetadataImage.empty("none", incarnation), snapshotNumber);
    return plusAllThatFollow(nothing)
        .thenCompose(
            state -> {
              if (state.nextNumber() > snapshotNumber) {
                return CompletableFuture.completedFuture(Optional.of(state));
              }
              return boundary()
                  .thenCompose(
                      now -> {
                        if (now != snapshotNumber) {
                          return loadFrom(now);
                        }
                        if (now != 0) {
                          throw missingSnapshot(now);
                        }
                        return CompletableFuture.completedFuture(Optional.empty());
                      });
            });
  }

  /** All that is exported, up to the first gap or up to the fence; for those who only look. */
  CompletableFuture<BucketMetadata.Exports> readToTheEnd() {
    return boundary()
        .thenCompose(
            snapshotNumber -> {
              ExportState nothing =
                  ExportState.startingAt(MetadataImage.empty("none", incarnation), snapshotNumber);
              return readToTheEnd(nothing)
                  .thenCompose(
                      read -> {
                        if (read.state().orElse(nothing).nextNumber() > snapshotNumber) {
                          return CompletableFuture.completedFuture(read);
                        }
                        return boundary()
                            .thenCompose(
                                now ->
                                    now.equals(snapshotNumber)
                                        ? CompletableFuture.completedFuture(nothingIn(read, now))
                                        : readToTheEnd());
                      });
            });
  }

  private BucketMetadata.Exports nothingIn(BucketMetadata.Exports read, long snapshotNumber) {
    if (snapshotNumber != 0) {
      throw missingSnapshot(snapshotNumber);
    }
    return new BucketMetadata.Exports(Optional.empty(), read.isFenced());
  }

  private CompletableFuture<BucketMetadata.Exports> readToTheEnd(ExportState state) {
    long number = state.nextNumber();
    return objects
        .get(number)
        .thenCompose(
            found -> {
              if (found.isEmpty()) {
                return CompletableFuture.completedFuture(
                    new BucketMetadata.Exports(Optional.of(state), false));
              }
              ExportObject object = decode(found.get(), number);
              return object instanceof ExportObject.Fence
                  ? CompletableFuture.completedFuture(
                      new BucketMetadata.Exports(Optional.of(state), true))
                  : readToTheEnd(state.plus(object, found.get().remaining()));
            });
  }

  /** Takes into account what was added to the register since {@code state}. */
  CompletableFuture<ExportState> plusAllThatFollow(ExportState state) {
    long first = state.nextNumber();
    List<CompletableFuture<Optional<ByteBuffer>>> probes = new ArrayList<>();
    for (int i = 0; i < PROBES; i++) {
      probes.add(objects.get(first + i));
    }
    return CompletableFuture.allOf(probes.toArray(CompletableFuture[]::new))
        .thenCompose(
            all -> {
              ExportState next = state;
              for (CompletableFuture<Optional<ByteBuffer>> probe : probes) {
                Optional<ByteBuffer> found = probe.join();
                if (found.isEmpty()) {
                  return CompletableFuture.completedFuture(next);
                }
                next = next.plus(decode(found.get(), next.nextNumber()), found.get().remaining());
              }
              return plusAllThatFollow(next);
            });
  }

  private ExportObject decode(ByteBuffer bytes, long number) {
    return ExportObject.decode(bytes, objects.key(number).value());
  }

  /**
   * Puts {@code object} under its number, unless something stands there; answers what does. Empty:
   * the number was used and reclaimed meanwhile, so this process is far behind.
   */
  CompletableFuture<Optional<ExportObject>> append(long number, byte[] object) {
    return objects
        .createOrRead(number, object)
        .thenCompose(
            found ->
                // A process that slept may create a number that was reclaimed long ago, where
                // nobody will ever read it. Only a number that is not below the boundary counts.
                boundary()
                    .thenApply(
                        boundary ->
                            number < boundary
                                ? Optional.<ExportObject>empty()
                                : found.map(bytes -> decode(bytes, number))));
  }

  /** Writes number 0, the image with which the incarnation begins, unless it is there. */
  CompletableFuture<Void> begin(MetadataImage first) {
    ExportObject.Header header = new ExportObject.Header(incarnation, 0, writer, -1, 0, -1);
    byte[] bytes = new ExportObject.Snapshot(header, first).encode();
    return objects.createOrRead(0, bytes).thenApply(found -> null);
  }

  /**
   * Ends the register: nothing is ever added behind the fence. Answers all that was exported before
   * it, or empty where the incarnation never began.
   */
  public CompletableFuture<Optional<ExportState>> fence(UUID fencer) {
    return boundary().thenCompose(snapshot -> fence(fencer, snapshot));
  }

  private CompletableFuture<Optional<ExportState>> fence(UUID fencer, long snapshotNumber) {
    ExportState nothing =
        ExportState.startingAt(MetadataImage.empty("none", incarnation), snapshotNumber);
    return fenceAfter(nothing, fencer)
        .thenCompose(
            state ->
                boundary().thenCompose(now -> fencedOrAgain(fencer, snapshotNumber, state, now)));
  }

  /** Whoever is fenced may have raised the boundary to {@code now} meanwhile. */
  private CompletableFuture<Optional<ExportState>> fencedOrAgain(
      UUID fencer, long snapshotNumber, ExportState state, long now) {
    if (state.nextNumber() < now) {
      // What is missing below was reclaimed, a fence there is in nobody's way, and more follows.
      return fence(fencer, now);
    }
    if (state.nextNumber() > snapshotNumber) {
      return CompletableFuture.completedFuture(Optional.of(state));
    }
    if (now != 0) {
      throw missingSnapshot(now);
    }
    return CompletableFuture.completedFuture(Optional.empty());
  }

  private CorruptMetadataException missingSnapshot(long number) {
    return new CorruptMetadataException(
        "missing: " + objects.key(number) + ", named by " + boundaryKey);
  }

  /** All up to a number at which a fence stands, or stood before it was reclaimed. */
  private CompletableFuture<ExportState> fenceAfter(ExportState state, UUID fencer) {
    long number = state.nextNumber();
    return objects
        .get(number)
        .thenCompose(
            found -> {
              if (found.isPresent()) {
                return CompletableFuture.completedFuture(found);
              }
              ExportObject.Header header =
                  new ExportObject.Header(incarnation, number, fencer, state.index(), 0, -1);
              return objects.createOrRead(number, new ExportObject.Fence(header).encode());
            })
        .thenCompose(
            found -> {
              if (found.isEmpty()) {
                return boundary()
                    .thenApply(
                        now -> {
                          if (now <= number) {
                            throw new CorruptMetadataException(
                                objects.key(number) + " was there and is gone");
                          }
                          return state;
                        });
              }
              ExportObject object = decode(found.get(), number);
              return object instanceof ExportObject.Fence
                  ? CompletableFuture.completedFuture(state)
                  : fenceAfter(state.plus(object, found.get().remaining()), fencer);
            });
  }

  /** The snapshot at which reading begins. */
  CompletableFuture<Long> boundary() {
    return readBoundary().thenApply(found -> found.map(Boundary::snapshotNumber).orElse(0L));
  }

  private record Boundary(long snapshotNumber, ETag eTag) {}

  private CompletableFuture<Optional<Boundary>> readBoundary() {
    return store
        .get(boundaryKey, ByteRange.all())
        .thenApply(
            found ->
                found.map(
                    stored ->
                        new Boundary(decodeBoundary(boundaryKey, stored.bytes()), stored.eTag())));
  }

  static long decodeBoundary(ObjectKey key, ByteBuffer bytes) {
    MetadataInput in = Envelope.open(BOUNDARY_MAGIC, BOUNDARY_VERSION, bytes, key.value());
    long number = in.i64();
    in.end();
    return number;
  }

  /**
   * Raises the boundary to a snapshot that is durable, then deletes the numbers from the old
   * boundary to below the new one. Harmless where somebody else has raised it further. When it
   * fails, numbers that are no longer needed may stay.
   */
  CompletableFuture<Void> raiseBoundary(long snapshotNumber) {
    return readBoundary()
        .thenCompose(
            found -> {
              long before = found.map(Boundary::snapshotNumber).orElse(0L);
              if (before >= snapshotNumber) {
                return CompletableFuture.completedFuture(null);
              }
              ObjectBody body = ObjectBody.of(encodeBoundary(snapshotNumber));
              CompletableFuture<PutResult> put =
                  found.isPresent()
                      ? store.putIfMatch(boundaryKey, found.get().eTag(), body)
                      : store.putIfAbsent(boundaryKey, body);
              return put.thenCompose(
                  result ->
                      result instanceof PutResult.Created
                          ? reclaim(before, snapshotNumber)
                          : raiseBoundary(snapshotNumber));
            });
  }

  /** Body: snapshot number (i64). */
  static byte[] encodeBoundary(long snapshotNumber) {
    return Envelope.seal(
        BOUNDARY_MAGIC, BOUNDARY_VERSION, new MetadataOutput().i64(snapshotNumber));
  }

  private CompletableFuture<Void> reclaim(long from, long to) {
    List<ObjectKey> keys = new ArrayList<>();
    // Once more what a crash may have left the last time: deleting what is gone costs nothing.
    for (long number = Math.max(0, from - RECLAIMED_AGAIN); number < to; number++) {
      keys.add(objects.key(number));
    }
    return objects.delete(keys);
  }
}
