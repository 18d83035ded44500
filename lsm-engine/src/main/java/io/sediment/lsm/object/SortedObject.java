package io.sediment.lsm.object;

import io.sediment.objectstore.ObjectKey;
import java.util.List;

/**
 * What is known of a stored sorted object without reading its data: who wrote it and what it holds.
 *
 * @param sections in partition order
 * @param ackedSeq of an object of the log: every slot of its epoch up to this one was in the bucket
 *     when it was written; 0 where it does not say
 * @param length of the whole object in bytes
 * @param footerCrc CRC32C of the footer: with the block checksums in it, it vouches for all bytes
 */
public record SortedObject(
    ObjectKey key,
    ObjectIdentity identity,
    List<Section> sections,
    long ackedSeq,
    long length,
    int footerCrc) {
  /** Length of a fence in bytes; everything else is longer. */
  public static final int FENCE_LENGTH = SortedObjectLayout.HEADER_SIZE;

  public SortedObject {
    sections = List.copyOf(sections);
    if (ackedSeq < 0 || (ackedSeq > 0 && ackedSeq >= identity.number())) {
      throw new IllegalArgumentException("acked seq=" + ackedSeq + " in " + identity);
    }
  }
}
