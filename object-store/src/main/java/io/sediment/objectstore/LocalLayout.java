package io.sediment.objectstore;

import java.nio.file.Path;

/**
 * Where things lie below the root of a {@link LocalObjectStore}.
 *
 * <pre>
 *   lanes/7/wal/3/12                 the object of that key, as it is
 *   ~temp/&lt;process&gt;.lock             locked as long as that process lives
 *   ~temp/&lt;process&gt;/lanes/7/wal/3/12~5   its temporary file number 5, for that key
 *   ~replace.lock                    locked while an object is replaced or deleted
 * </pre>
 *
 * No key has a '~', so none of ours can meet one.
 */
final class LocalLayout {
  private static final char OURS = '~';

  private final Path root;

  LocalLayout(Path root) {
    this.root = root;
  }

  Path root() {
    return root;
  }

  Path object(ObjectKey key) {
    return root.resolve(key.value());
  }

  Path temp() {
    return root.resolve(OURS + "temp");
  }

  Path processLock(String process) {
    return temp().resolve(process + ".lock");
  }

  Path processFolder(String process) {
    return temp().resolve(process);
  }

  Path replaceLock() {
    return root.resolve(OURS + "replace.lock");
  }

  Path tempFile(String process, ObjectKey key, long number) {
    return processFolder(process).resolve(key.value() + OURS + number);
  }

  /** The object that a temporary file was meant to become, whether it did or not. */
  Path objectOfTempFile(String process, Path tempFile) {
    String relative = processFolder(process).relativize(tempFile).toString();
    int mark = relative.lastIndexOf(OURS);
    return root.resolve(mark < 0 ? relative : relative.substring(0, mark));
  }

  static boolean isOurs(String fileName) {
    return fileName.indexOf(OURS) >= 0;
  }
}
