package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.Envelope;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Which Raft folder votes under a broker's id, {@code cluster/voters/<incarnation>/<broker>}: the
 * id that was drawn with the folder. Created once, so a voter whose folder was wiped finds that it
 * is no longer itself, and cannot vote twice in one term.
 */
public final class VoterRegister {
  private static final int MAGIC = 0x5345_4456; // "SEDV"
  private static final int VERSION = 1;

  private final DenseObjects objects;
  private final Retry retry;

  public VoterRegister(ObjectStore store, Scheduler scheduler, long incarnation) {
    this.objects =
        new DenseObjects(
            store, new ObjectKey("cluster/voters/" + DenseObjects.digits(incarnation)));
    this.retry = Retry.bounded(scheduler);
  }

  /** Claims the vote of {@code broker} for a folder; answers the folder that has it. */
  public CompletableFuture<UUID> claim(int broker, UUID storageId) {
    String what = objects.key(broker).value();
    byte[] bytes = encode(broker, storageId);
    return retry.run(
        what,
        () ->
            objects
                .createOrRead(broker, bytes)
                .thenApply(found -> decode(DenseObjects.kept(found, what), broker, what)));
  }

  /** The folder that votes for {@code broker}, or empty where none has claimed it yet. */
  public CompletableFuture<Optional<UUID>> voter(int broker) {
    String what = objects.key(broker).value();
    return retry.run(
        what,
        () ->
            objects
                .get(broker)
                .thenApply(found -> found.map(bytes -> decode(bytes, broker, what))));
  }

  /** Body: broker id (varint), storage id (uuid). */
  static byte[] encode(int broker, UUID storageId) {
    return Envelope.seal(MAGIC, VERSION, new MetadataOutput().varint(broker).uuid(storageId));
  }

  static UUID decode(ByteBuffer bytes, int broker, String what) {
    MetadataInput in = Envelope.open(MAGIC, VERSION, bytes, what);
    int found = in.varint32();
    UUID storageId = in.uuid();
    in.end();
    if (found != broker) {
      throw new CorruptMetadataException(what + " holds broker " + found);
    }
    return storageId;
  }
}
