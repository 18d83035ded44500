package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The lives of a bucket, {@code cluster/incarnation/<n>}. The newest one owns it. */
public final class IncarnationRegister {
  private final DenseObjects objects;
  private final Retry retry;

  public IncarnationRegister(ObjectStore store, Scheduler scheduler) {
    this.objects = new DenseObjects(store, new ObjectKey("cluster/incarnation"));
    this.retry = Retry.bounded(scheduler);
  }

  /** The newest incarnation, or empty where the bucket was never used. */
  public CompletableFuture<Optional<Incarnation>> newest() {
    return newestFrom(1, Optional.empty());
  }

  private CompletableFuture<Optional<Incarnation>> newestFrom(
      long number, Optional<Incarnation> before) {
    return read(number)
        .thenCompose(
            found ->
                found.isPresent()
                    ? newestFrom(number + 1, found)
                    : CompletableFuture.completedFuture(before));
  }

  CompletableFuture<Optional<Incarnation>> read(long number) {
    String what = objects.key(number).value();
    return retry.run(
        what,
        () ->
            objects
                .get(number)
                .thenApply(found -> found.map(bytes -> decode(bytes, number, what))));
  }

  /** Creates {@code wanted}; answers what stands under its number, another's where it was first. */
  public CompletableFuture<Incarnation> create(Incarnation wanted) {
    String what = objects.key(wanted.number()).value();
    byte[] bytes = wanted.encode();
    return retry.run(
        what,
        () ->
            objects
                .createOrRead(wanted.number(), bytes)
                .thenApply(found -> decode(DenseObjects.kept(found, what), wanted.number(), what)));
  }

  /**
   * Whether nobody has begun a newer life than {@code number}. Who registers a lane or raises a
   * lane's epoch asks this before the first acknowledgement.
   */
  public CompletableFuture<Boolean> isNewest(long number) {
    return read(number + 1).thenApply(Optional::isEmpty);
  }

  static Incarnation decode(ByteBuffer bytes, long number, String what) {
    Incarnation found = Incarnation.decode(bytes, what);
    if (found.number() != number) {
      throw new CorruptMetadataException(what + " holds incarnation " + found.number());
    }
    return found;
  }
}
