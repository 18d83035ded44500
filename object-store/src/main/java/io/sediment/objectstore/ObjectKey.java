package io.sediment.objectstore;

import java.util.Objects;

/**
 * Name of an object below the store's root: non-empty segments joined by {@code '/'}.
 *
 * <p>Segments use {@code [A-Za-z0-9._=-]} only and are neither {@code "."} nor {@code ".."}, so
 * that a key is the same string in a URL, on a filesystem and in a log line; two keys must differ
 * in more than case, since some filesystems ignore it. No key may be a folder of another ({@code a}
 * and {@code a/b}): filesystems and some S3 servers cannot hold both.
 */
public record ObjectKey(String value) implements Comparable<ObjectKey> {
  /** S3 allows 1024 bytes; the store's own prefix needs room in it. */
  public static final int MAX_LENGTH = 800;

  /** Filesystems allow names of 255 bytes; temporary names beside it need room. */
  public static final int MAX_SEGMENT_LENGTH = 200;

  public ObjectKey {
    Objects.requireNonNull(value, "value");
    if (value.isEmpty() || value.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("object key length: " + value.length() + " key=" + value);
    }
    int segmentStart = 0;
    for (int i = 0; i <= value.length(); i++) {
      if (i == value.length() || value.charAt(i) == '/') {
        String segment = value.substring(segmentStart, i);
        if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
          throw new IllegalArgumentException("object key has an empty or dot segment: " + value);
        }
        if (segment.length() > MAX_SEGMENT_LENGTH) {
          throw new IllegalArgumentException(
              "object key segment length: " + segment.length() + " key=" + value);
        }
        segmentStart = i + 1;
      } else if (!isAllowed(value.charAt(i))) {
        throw new IllegalArgumentException(
            "object key has a character outside [A-Za-z0-9._=-/]: " + value);
      }
    }
  }

  /** Key of {@code child} in the folder that this key names. */
  public ObjectKey resolve(String child) {
    return new ObjectKey(value + "/" + child);
  }

  private static boolean isAllowed(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '.'
        || c == '_'
        || c == '='
        || c == '-';
  }

  @Override
  public int compareTo(ObjectKey other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
