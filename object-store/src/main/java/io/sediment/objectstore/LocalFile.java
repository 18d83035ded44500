package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What the filesystem says about one object's file.
 *
 * <p>Inode, modification time and length together are the object's {@link ETag}: a file is never
 * written to after it got its name, and one that replaces another is given a later modification
 * time, so no two versions of a key share them.
 *
 * @param links number of names; more than one until the writer has synced the folder, so whoever
 *     meets a second name may not trust the first to survive a power cut
 */
@EdgeToTheDisk
record LocalFile(long inode, long modifiedNanos, long length, int links, boolean isFolder) {
  private static final String ATTRIBUTES = "unix:ino,lastModifiedTime,size,nlink,isDirectory";

  /** Reads the attributes; empty where there is no such file, or a part of the path is a file. */
  static Optional<LocalFile> stat(Path path) throws IOException {
    Map<String, Object> attributes;
    try {
      attributes = Files.readAttributes(path, ATTRIBUTES);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (FileSystemException e) {
      if ("Not a directory".equals(e.getReason())) {
        return Optional.empty();
      }
      throw e;
    }
    return Optional.of(
        new LocalFile(
            number(attributes, "ino"),
            nanos((FileTime) attribute(attributes, "lastModifiedTime")),
            number(attributes, "size"),
            (int) number(attributes, "nlink"),
            (Boolean) attribute(attributes, "isDirectory")));
  }

  ETag eTag() {
    return new ETag(
        Long.toHexString(inode)
            + "-"
            + Long.toHexString(modifiedNanos)
            + "-"
            + Long.toHexString(length));
  }

  boolean isSameVersionAs(LocalFile other) {
    return inode == other.inode && modifiedNanos == other.modifiedNanos && length == other.length;
  }

  boolean isFolderSyncPending() {
    return links > 1;
  }

  /** Gives {@code file}, which will replace this one, a later modification time than this has. */
  void makeLater(Path file) throws IOException {
    for (long stepNanos = 1; ; stepNanos *= 1_000) { // some filesystems keep only ms or s
      if (nanos(Files.getLastModifiedTime(file)) > modifiedNanos) {
        return;
      }
      Files.setLastModifiedTime(
          file, FileTime.from(modifiedNanos + stepNanos, TimeUnit.NANOSECONDS));
    }
  }

  private static long nanos(FileTime time) {
    return time.to(TimeUnit.NANOSECONDS);
  }

  private static long number(Map<String, Object> attributes, String name) {
    return ((Number) attribute(attributes, name)).longValue();
  }

  private static Object attribute(Map<String, Object> attributes, String name) {
    Object value = attributes.get(name);
    if (value == null) {
      throw new IllegalStateException("filesystem tells no " + name + ": " + attributes);
    }
    return value;
  }
}
