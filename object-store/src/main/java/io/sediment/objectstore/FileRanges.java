package io.sediment.objectstore;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What a store whose objects are local files can do besides: hand out file regions instead of
 * bytes. An optional capability; who is given none reads with {@link ObjectStore#get}.
 */
public interface FileRanges {
  /**
   * Opens the file of {@code key}; empty where there is no such object. It shows what {@link
   * ObjectStore#get} would: a whole, durable object.
   */
  CompletableFuture<Optional<FileRange>> openRange(ObjectKey key, ByteRange range);
}
