package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Failures;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A folder of objects named by consecutive numbers, each created once. Number {@code n + 1} is
 * created only by somebody who knows that {@code n} is there, so the first gap is the end.
 */
final class DenseObjects {
  private final ObjectStore store;
  private final ObjectKey folder;

  DenseObjects(ObjectStore store, ObjectKey folder) {
    this.store = store;
    this.folder = folder;
  }

  /** Numbers in keys have 20 digits, so that keys sort as numbers do. */
  static String digits(long number) {
    String plain = Long.toString(number);
    return "0".repeat(20 - plain.length()) + plain;
  }

  ObjectKey key(long number) {
    return folder.resolve(digits(number));
  }

  CompletableFuture<Optional<ByteBuffer>> get(long number) {
    return store
        .get(key(number), ByteRange.all())
        .thenApply(found -> found.map(StoredBytes::bytes));
  }

  /**
   * Creates {@code number}, and answers the bytes that are there after all: equal to {@code bytes}
   * where the object is ours, since every writer puts a mark of its own into them. Empty where it
   * existed and was reclaimed before it could be read.
   *
   * <p>On {@code Unavailable} the outcome is unknown; call again with the same bytes.
   */
  CompletableFuture<Optional<ByteBuffer>> createOrRead(long number, byte[] bytes) {
    return store
        .putIfAbsent(key(number), ObjectBody.of(bytes))
        .handle(
            (result, failure) -> {
              if (failure == null) {
                return result instanceof PutResult.Created
                    ? CompletableFuture.completedFuture(Optional.of(ByteBuffer.wrap(bytes)))
                    : get(number);
              }
              Throwable cause = Failures.causeOf(failure);
              if (!(cause instanceof ObjectStoreException.Unavailable)) {
                return CompletableFuture.<Optional<ByteBuffer>>failedFuture(cause);
              }
              return get(number).thenCompose(found -> orFail(found, cause));
            })
        .thenCompose(future -> future);
  }

  /** Nothing there yet does not mean that nothing will be: the first attempt may land later. */
  private static CompletableFuture<Optional<ByteBuffer>> orFail(
      Optional<ByteBuffer> found, Throwable cause) {
    return found.isPresent()
        ? CompletableFuture.completedFuture(found)
        : CompletableFuture.failedFuture(cause);
  }

  /** What {@link #createOrRead} answered, in a folder of which nothing is ever deleted. */
  static ByteBuffer kept(Optional<ByteBuffer> found, String what) {
    return found.orElseThrow(() -> new CorruptMetadataException(what + " was there and is gone"));
  }

  CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    return store.delete(keys);
  }
}
