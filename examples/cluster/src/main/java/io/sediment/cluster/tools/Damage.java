package io.sediment.cluster.tools;

import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.objectstore.ObjectKey;

/**
 * Something stored that is not what was written.
 *
 * @param where names the block and its offsets where it is one; else empty
 */
record Damage(ObjectKey key, Where where, String problem) {
  /**
   * A block of an object.
   *
   * @param partition for people
   * @param position of its first byte, with {@code length} of its bytes
   */
  record Where(String partition, long position, long length, long fromOffset, long toOffset) {
    static final Where WHOLE = new Where("", -1, 0, 0, 0);

    boolean isBlock() {
      return position >= 0;
    }

    /** Adds it to a row, unless it is no block. */
    Row on(Row row) {
      return !isBlock()
          ? row
          : row.with("partition", partition)
              .with("position", position)
              .with("length", length)
              .with("fromOffset", fromOffset)
              .with("toOffset", toOffset);
    }
  }

  static Damage of(ObjectKey key, String problem) {
    return new Damage(key, Where.WHOLE, problem);
  }

  static Damage ofBlock(ObjectKey key, Section section, Block block, String problem) {
    Where where =
        new Where(
            section.partition().toString(),
            block.position(),
            block.length(),
            block.baseOffset(),
            block.lastOffset() + 1);
    return new Damage(key, where, problem);
  }

  Row row() {
    return where.on(new Row("damage").with("key", key)).with("problem", problem);
  }
}
