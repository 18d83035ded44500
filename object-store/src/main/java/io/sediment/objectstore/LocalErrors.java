package io.sediment.objectstore;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says of a failed file operation whether trying again can help. */
final class LocalErrors {
  private static final Set<String> FOR_GOOD =
      Set.of(
          "File name too long",
          "Is a directory",
          "Not a directory",
          "Operation not permitted",
          "Operation not supported",
          "Read-only file system",
          "Too many levels of symbolic links");

  private LocalErrors() {}

  static ObjectStoreException map(String what, Throwable failure) {
    if (failure instanceof ObjectStoreException mapped) {
      return mapped;
    }
    String message = what + ": " + failure;
    if (failure instanceof AccessDeniedException) {
      return new ObjectStoreException.Refused(message, failure);
    }
    if (failure instanceof FileSystemException e && isForGood(e.getReason())) {
      return new ObjectStoreException.Refused(message, failure);
    }
    if (failure instanceof IOException || failure instanceof OutOfMemoryError) {
      return new ObjectStoreException.Unavailable(message, failure); // a full disk among them
    }
    return new ObjectStoreException.Refused(message, failure);
  }

  private static boolean isForGood(@Nullable String reason) {
    return reason != null && FOR_GOOD.contains(reason);
  }
}
