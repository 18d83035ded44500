package io.sediment.objectstore;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * An object being written in parts; nothing of it is visible before {@link #complete}. Part numbers
 * start at 1 and may be written in any order and again (the last one wins). S3 wants every part but
 * the last to be at least 5 MiB.
 *
 * <p>Completion is unconditional, since some S3 servers ignore conditions on it: use keys that only
 * one writer can ever name.
 */
public interface MultipartUpload {
  /** Proof that a part is stored, to be handed to {@link #complete}. */
  record Part(int number, ETag eTag) {}

  /** Stores {@code body} as part {@code number}. */
  CompletableFuture<Part> put(int number, ObjectBody body);

  /**
   * Stores bytes of an existing object as part {@code number}; where the store can, without moving
   * them through here.
   */
  CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range);

  /**
   * Makes the object of these parts, in ascending order of number. When the outcome is unknown,
   * read the object to find out.
   */
  CompletableFuture<ETag> complete(List<Part> parts);

  /** Forgets the parts. Idempotent; after {@link #complete} it does nothing. */
  CompletableFuture<Void> abort();
}
