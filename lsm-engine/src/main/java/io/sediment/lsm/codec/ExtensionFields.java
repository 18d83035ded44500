package io.sediment.lsm.codec;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Room for what later versions add without changing a format's version: a varint count, then per
 * field a varint tag, a varint length and that many bytes, tags ascending.
 *
 * <p>An even tag may be skipped by a reader that does not know it; an odd one changes the meaning
 * of the rest, so a reader that does not know it must refuse the object. Tags are never reused.
 */
public final class ExtensionFields {
  private ExtensionFields() {}

  public static void write(ByteWriter out, SortedMap<Integer, byte[]> fields) {
    out.varint(fields.size());
    for (Map.Entry<Integer, byte[]> field : fields.entrySet()) {
      out.varint(field.getKey());
      out.varint(field.getValue().length);
      out.bytes(field.getValue());
    }
  }

  /**
   * @param known tags that the caller understands
   * @return the known fields by tag
   */
  public static SortedMap<Integer, ByteBuffer> read(ByteReader in, Set<Integer> known) {
    int count = in.count(2, "extension fields");
    SortedMap<Integer, ByteBuffer> fields = new TreeMap<>();
    int previous = -1;
    for (int i = 0; i < count; i++) {
      int tag = in.naturalInt("extension tag");
      if (tag <= previous) {
        throw in.corrupt("extension tag=" + tag + " after tag=" + previous);
      }
      previous = tag;
      ByteBuffer value = in.bytes(in.count(1, "extension length"));
      if (known.contains(tag)) {
        fields.put(tag, value);
      } else if (isMandatory(tag)) {
        throw in.corrupt("unknown mandatory extension tag=" + tag + "; written by a newer version");
      }
    }
    return fields;
  }

  private static boolean isMandatory(int tag) {
    return (tag & 1) == 1;
  }
}
