package io.sediment.lsm.object;

import io.sediment.objectstore.ObjectKey;
import java.util.List;

/**
 * What is known of a stored sorted object without reading its data: who wrote it and what it holds.
 *
 * @param sections in partition order
 * @param length of the whole object in bytes
 * @param footerCrc CRC32C of the footer: with the block checksums in it, it vouches for all bytes
 */
public record SortedObject(
    ObjectKey key, ObjectIdentity identity, List<Section> sections, long length, int footerCrc) {
  /** Length of a fence in bytes; everything else is longer. */
  public static final int FENCE_LENGTH = SortedObjectLayout.HEADER_SIZE;

  public SortedObject {
    sections = List.copyOf(sections);
  }
}
