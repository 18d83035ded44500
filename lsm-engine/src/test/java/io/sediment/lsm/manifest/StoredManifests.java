package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.SimObjectStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;

/** Looks at the manifests of a simulated bucket from outside, without requests. */
public final class StoredManifests {
  private StoredManifests() {}

  /** The manifest that counts; none where there is none. */
  public static Manifest newest(SimObjectStore bucket, LaneId lane) {
    List<ObjectKey> keys = bucket.keys(new LaneKeys(lane).manifestPrefix());
    if (keys.isEmpty()) {
      return Manifest.none(lane);
    }
    ObjectKey key = keys.get(keys.size() - 1);
    long id = ((ManifestName) ObjectNames.parse(key).orElseThrow()).id();
    return ManifestLayout.decode(lane, id, ByteBuffer.wrap(bucket.peek(key).orElseThrow()));
  }

  /** The highest manifest id that may have been deleted. */
  public static long boundary(SimObjectStore bucket, LaneId lane) {
    return bucket
        .peek(new LaneKeys(lane).boundary())
        .map(bytes -> BoundaryRegister.decode(lane, ByteBuffer.wrap(bytes)))
        .orElse(0L);
  }

  /** The manifests that somebody may be reading: those above the boundary. */
  public static List<Manifest> retained(SimObjectStore bucket, LaneId lane) {
    long boundary = boundary(bucket, lane);
    List<Manifest> manifests = new ArrayList<>();
    for (ObjectKey key : bucket.keys(new LaneKeys(lane).manifestPrefix())) {
      long id = ((ManifestName) ObjectNames.parse(key).orElseThrow()).id();
      if (id > boundary) {
        byte[] bytes = bucket.peek(key).orElseThrow();
        manifests.add(ManifestLayout.decode(lane, id, ByteBuffer.wrap(bytes)));
      }
    }
    return manifests;
  }

  /** Lets go of all but the newest {@code kept} manifests, at least one, and deletes them. */
  public static CompletableFuture<Void> reclaim(
      ManifestStore manifests, ObjectStore store, int kept) {
    Manifest newest = manifests.current();
    long last = newest.id() - Math.max(1, kept);
    if (last <= 0) {
      return CompletableFuture.completedFuture(null);
    }
    LaneKeys keys = new LaneKeys(newest.lane());
    return manifests
        .raiseBoundary(last)
        .thenCompose(
            raised ->
                store.delete(LongStream.rangeClosed(1, last).mapToObj(keys::manifest).toList()));
  }

  /** Whose manifest {@code bytes} are. */
  public static WriterTerm termOf(ManifestName name, byte[] bytes) {
    return decode(name, bytes).term();
  }

  public static Manifest decode(ManifestName name, byte[] bytes) {
    return ManifestLayout.decode(name.lane(), name.id(), ByteBuffer.wrap(bytes));
  }

  /** A manifest by its id; empty where it is not there (any more). */
  public static Optional<Manifest> at(SimObjectStore bucket, LaneId lane, long id) {
    ManifestName name = new ManifestName(lane, id);
    return bucket.peek(name.key()).map(bytes -> decode(name, bytes));
  }

  /** The same manifest as one of another writer. */
  public static ByteBuffer withTerm(ManifestName name, ByteBuffer bytes, WriterTerm term) {
    Manifest manifest = ManifestLayout.decode(name.lane(), name.id(), bytes);
    if (manifest.term().equals(term)) {
      return bytes;
    }
    return ManifestLayout.encode(
        manifest
            .withTerm(term)
            .withLog(manifest.l0(), manifest.replayAfter(), manifest.table(), 0));
  }

  /** Everything that {@code manifest} names. */
  public static List<ObjectKey> named(Manifest manifest) {
    List<ObjectKey> keys = new ArrayList<>();
    manifest.l0().forEach(ref -> keys.add(ref.key(manifest.lane())));
    for (RunRef run : manifest.level1().runs()) {
      keys.add(run.key(manifest.lane()));
      run.objects().forEach(object -> keys.add(object.key(manifest.lane())));
    }
    JobProgress job = manifest.level1().job();
    if (job != null) {
      job.outputs().forEach(object -> keys.add(object.key(manifest.lane())));
    }
    if (manifest.table() != null) {
      keys.add(manifest.table().key(manifest.lane()));
    }
    return keys;
  }
}
