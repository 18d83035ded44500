package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.Envelope;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Which Raft folder votes under a broker's id, {@code cluster/voters/<incarnation>/<broker>}: the
 * id that was drawn with the folder. A voter whose folder was wiped finds that it is no longer
 * itself, and cannot vote twice in one term; it is entered here once the others have taken the lost
 * folder out of their group.
 */
public final class VoterRegister {
  private static final int MAGIC = 0x5345_4456; // "SEDV"
  private static final int VERSION = 1;
  private static final int VERSION_REPLACED = 2;

  /**
   * The folders of one voter.
   *
   * @param first of the group that the incarnation began with
   * @param newest the first, or the one that came in its place
   */
  public record Vote(UUID first, UUID newest) {
    static Vote of(UUID storageId) {
      return new Vote(storageId, storageId);
    }

    boolean isReplaced() {
      return !first.equals(newest);
    }
  }

  private final ObjectStore store;
  private final DenseObjects objects;
  private final Retry retry;

  public VoterRegister(ObjectStore store, Scheduler scheduler, long incarnation) {
    this.store = store;
    this.objects =
        new DenseObjects(
            store, new ObjectKey("cluster/voters/" + DenseObjects.digits(incarnation)));
    this.retry = Retry.bounded(scheduler);
  }

  /** Claims the vote of {@code broker} for a folder; answers the folder that has it. */
  public CompletableFuture<Vote> claim(int broker, UUID storageId) {
    String what = objects.key(broker).value();
    byte[] bytes = encode(broker, Vote.of(storageId));
    return retry.run(
        what,
        () ->
            objects
                .createOrRead(broker, bytes)
                .thenApply(found -> decode(DenseObjects.kept(found, what), broker, what)));
  }

  /**
   * Enters a folder in the place of the one that {@code broker} voted with, which is to be out of
   * the group by now. The last of several wins.
   */
  public CompletableFuture<Vote> replace(int broker, UUID storageId) {
    return retry.run(objects.key(broker).value(), () -> replaceOnce(broker, storageId));
  }

  private CompletableFuture<Vote> replaceOnce(int broker, UUID storageId) {
    ObjectKey key = objects.key(broker);
    return store
        .get(key, ByteRange.all())
        .thenCompose(
            found -> {
              StoredBytes here =
                  found.orElseThrow(
                      () -> new CorruptMetadataException(key + " was there and is gone"));
              Vote known = decode(here.bytes(), broker, key.value());
              if (known.newest().equals(storageId)) {
                return CompletableFuture.completedFuture(known);
              }
              Vote next = new Vote(known.first(), storageId);
              return store
                  .putIfMatch(key, here.eTag(), ObjectBody.of(encode(broker, next)))
                  .thenCompose(
                      put ->
                          put instanceof PutResult.Created
                              ? CompletableFuture.completedFuture(next)
                              : replaceOnce(broker, storageId)); // look again whose it is
            });
  }

  /** The folders that vote for {@code broker}, or empty where none has claimed it yet. */
  public CompletableFuture<Optional<Vote>> voter(int broker) {
    String what = objects.key(broker).value();
    return retry.run(
        what,
        () ->
            objects
                .get(broker)
                .thenApply(found -> found.map(bytes -> decode(bytes, broker, what))));
  }

  /** Body: broker id (varint), first storage id (uuid); version 2: newest storage id (uuid). */
  static byte[] encode(int broker, Vote vote) {
    MetadataOutput body = new MetadataOutput().varint(broker).uuid(vote.first());
    return vote.isReplaced()
        ? Envelope.seal(MAGIC, VERSION_REPLACED, body.uuid(vote.newest()))
        : Envelope.seal(MAGIC, VERSION, body);
  }

  static Vote decode(ByteBuffer bytes, int broker, String what) {
    MetadataInput in = Envelope.open(MAGIC, VERSION_REPLACED, bytes, what);
    int found = in.varint32();
    UUID first = in.uuid();
    Vote vote = new Vote(first, in.remaining() > 0 ? in.uuid() : first);
    in.end();
    if (found != broker) {
      throw new CorruptMetadataException(what + " holds broker " + found);
    }
    return vote;
  }
}
