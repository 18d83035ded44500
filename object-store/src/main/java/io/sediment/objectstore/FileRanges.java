package io.sediment.objectstore;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What a store whose objects are local files can do besides: hand out file regions instead of
 * bytes. An optional capability; who is given none reads with {@link ObjectStore#get}.
 */
public interface FileRanges {
  /** Looks at a region before it is handed out. It may block: it runs on the store's threads. */
  interface Inspection {
    void inspect(FileRange range) throws IOException;
  }

  /**
   * Opens the file of {@code key}; empty where there is no such object. It shows what {@link
   * ObjectStore#get} would: a whole, durable object. Fails with what {@code inspection} throws; the
   * file is closed then.
   */
  CompletableFuture<Optional<FileRange>> openRange(
      ObjectKey key, ByteRange range, Inspection inspection);
}
