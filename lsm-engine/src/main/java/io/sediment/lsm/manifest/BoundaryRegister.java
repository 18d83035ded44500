package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.Envelope;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The lane's boundary: the highest manifest id that may have been deleted. Only ever raised. Never
 * cached: who wants to believe in a manifest reads it from the store.
 *
 * <p>In the store: magic "SEDIBOUN", version 1, {@link Envelope} around {@code lane varint, id
 * varint}. Absent means 0.
 */
final class BoundaryRegister {
  private static final Envelope ENVELOPE = new Envelope(0x53454449424f554eL, 1, "boundary");

  private record Read(long id, @Nullable ETag eTag) {}

  private final ObjectStore store;
  private final LaneId lane;
  private final ObjectKey key;

  BoundaryRegister(ObjectStore store, LaneId lane) {
    this.store = store;
    this.lane = lane;
    this.key = new LaneKeys(lane).boundary();
  }

  /** Manifests at or below this id may be gone, or be there and mean nothing. */
  CompletableFuture<Long> read() {
    return readVersion().thenApply(Read::id);
  }

  /**
   * Raises the boundary to {@code id}, unless it is there or above already. Fails as the store
   * does; then the boundary may or may not have been raised, and calling again is right.
   */
  CompletableFuture<Void> raiseTo(long id) {
    return readVersion()
        .thenCompose(
            now -> {
              if (now.id >= id) {
                return CompletableFuture.completedFuture(null);
              }
              ObjectBody body = ObjectBody.of(encode(lane, id));
              CompletableFuture<PutResult> put =
                  now.eTag == null
                      ? store.putIfAbsent(key, body)
                      : store.putIfMatch(key, now.eTag, body);
              // Somebody raised it meanwhile, or our own put arrived twice: look again.
              return put.thenCompose(
                  result ->
                      result instanceof PutResult.Created
                          ? CompletableFuture.<Void>completedFuture(null)
                          : raiseTo(id));
            });
  }

  private CompletableFuture<Read> readVersion() {
    return ReadAgain.whileCorrupt(
        () ->
            store
                .get(key, ByteRange.all())
                .thenApply(
                    read ->
                        read.map(stored -> new Read(decode(lane, stored.bytes()), stored.eTag()))
                            .orElse(new Read(0, null))));
  }

  static ByteBuffer encode(LaneId lane, long id) {
    ByteWriter out = ENVELOPE.open(16);
    out.varint(lane.value());
    out.varint(id);
    return ENVELOPE.seal(out);
  }

  static long decode(LaneId lane, ByteBuffer bytes) {
    ByteReader in = ENVELOPE.read(bytes, "lane=" + lane);
    long storedLane = in.natural("lane");
    long id = in.natural("id");
    in.end();
    if (storedLane != lane.value()) {
      throw in.corrupt("is of lane=" + storedLane);
    }
    return id;
  }
}
