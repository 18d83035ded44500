package io.sediment.objectstore;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A flat namespace of objects with conditional writes. Please keep this small: every method is one
 * that each provider, the simulated store and the contract suite must get right.
 *
 * <p>No call blocks. Failures are {@link ObjectStoreException}s. After {@code Unavailable} from a
 * write the outcome is unknown: the object may exist, or appear later. An object is seen whole or
 * not at all, and a read that starts after a write completed sees that write (strong
 * read-after-write, as S3 has since 2020).
 *
 * <p>Implementations retry nothing by themselves: a retried conditional put can lose against its
 * own first attempt, and only the caller can tell. A retrying decorator retries what is safe to
 * retry.
 */
public interface ObjectStore extends AutoCloseable {
  /**
   * Creates {@code key} with {@code body}, all or nothing. Of all calls ever made for a key that
   * was never deleted, at most one is {@code Created}; the WAL and the manifest rest on this. Both
   * answers are given only when the object that is there is durable, together with its name.
   */
  CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body);

  /**
   * Replaces the version {@code expected} of {@code key}. One use: raising a boundary. {@code
   * PreconditionFailed} where the object is absent or another version.
   */
  CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body);

  /**
   * Reads bytes of {@code key}; empty where there is no such object. What a read has shown is
   * durable, name and bytes, so that a sealer may rest on it. One read returns at most 2 GiB.
   */
  CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range);

  /**
   * Reads from {@code position} on into memory of the caller's: what {@link #get} would return, for
   * readers of much data who use their memory again.
   *
   * @param memory asked once for each attempt; its room is the length of the range. The memory of
   *     an attempt that failed may still be written to later: it must not be used for anything else
   * @return bytes read, fewer than there was room for where the object ends; empty where there is
   *     no such object
   */
  default CompletableFuture<OptionalLong> read(
      ObjectKey key, long position, Supplier<ReadTarget> memory) {
    ReadTarget target = memory.get();
    return get(key, ByteRange.of(position, target.remaining()))
        .thenApply(
            found -> {
              if (found.isEmpty()) {
                return OptionalLong.empty();
              }
              long length = found.get().bytes().remaining();
              target.put(found.get().bytes());
              return OptionalLong.of(length);
            });
  }

  /**
   * Deletes objects; those already gone count as deleted. On failure any subset may be gone: call
   * again with all of them.
   */
  CompletableFuture<Void> delete(Collection<ObjectKey> keys);

  /**
   * Up to {@code limit} objects whose keys start with {@code prefix} (a whole folder path ending in
   * {@code '/'}, or empty) and come after {@code startAfter} (empty string: from the beginning), in
   * ascending byte order. A hint for tools and for garbage collection: no protocol may depend on
   * its being complete.
   *
   * @throws IllegalArgumentException if {@code prefix} is no folder path or {@code limit} is below
   *     1
   */
  CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit);

  /** Refuses arguments of {@link #list} that no caller should make; for implementations. */
  static void checkListing(String prefix, int limit) {
    if (!(prefix.isEmpty() || prefix.endsWith("/")) || limit < 1) {
      throw new IllegalArgumentException("list: prefix=" + prefix + " limit=" + limit);
    }
  }

  /**
   * Begins an object that is written in parts, for bodies too large for one put or made of parts of
   * other objects.
   */
  CompletableFuture<MultipartUpload> startMultipart(ObjectKey key);

  /**
   * Releases connections and threads. Futures still open complete before long, those of requests
   * cut short with {@code Unavailable}; later calls fail with {@code Refused}.
   */
  @Override
  void close();
}
