package io.sediment.lsm.codec;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Room for what later versions add without changing a format's version: a varint count, then per
 * field a varint tag, a varint length and that many bytes, tags ascending. Immutable.
 *
 * <p>An even tag may be skipped by a reader that does not know it; an odd one changes the meaning
 * of the rest, so a reader that does not know it must refuse the object. Tags are never reused.
 */
public final class ExtensionFields {
  public static final ExtensionFields NONE = new ExtensionFields(Collections.emptySortedMap());

  private final SortedMap<Integer, ByteBuffer> fields;

  private ExtensionFields(SortedMap<Integer, ByteBuffer> fields) {
    this.fields = fields;
  }

  /** These fields and one more, or another value for its tag. */
  public ExtensionFields with(int tag, byte[] value) {
    SortedMap<Integer, ByteBuffer> more = new TreeMap<>(fields);
    more.put(tag, ByteBuffer.wrap(value.clone()).asReadOnlyBuffer());
    return new ExtensionFields(more);
  }

  /** These fields without the one of {@code tag}. */
  public ExtensionFields without(int tag) {
    SortedMap<Integer, ByteBuffer> fewer = new TreeMap<>(fields);
    fewer.remove(tag);
    return new ExtensionFields(fewer);
  }

  /** The value from position to limit, or null. */
  public @Nullable ByteBuffer get(int tag) {
    ByteBuffer value = fields.get(tag);
    return value == null ? null : value.duplicate();
  }

  public boolean isEmpty() {
    return fields.isEmpty();
  }

  public void encode(ByteWriter out) {
    out.varint(fields.size());
    for (Map.Entry<Integer, ByteBuffer> field : fields.entrySet()) {
      out.varint(field.getKey());
      out.varint(field.getValue().remaining());
      out.bytes(field.getValue());
    }
  }

  /**
   * @param known tags that the caller understands
   * @return all fields, the unknown ones that may be skipped included: a format that is rewritten
   *     (the manifest) carries them on, others let them go
   */
  public static ExtensionFields decode(ByteReader in, Set<Integer> known) {
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
      if (isMandatory(tag) && !known.contains(tag)) {
        throw in.corrupt("unknown mandatory extension tag=" + tag + "; written by a newer version");
      }
      byte[] copy = new byte[value.remaining()];
      value.get(copy);
      fields.put(tag, ByteBuffer.wrap(copy).asReadOnlyBuffer());
    }
    return new ExtensionFields(fields);
  }

  private static boolean isMandatory(int tag) {
    return (tag & 1) == 1;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ExtensionFields that && fields.equals(that.fields);
  }

  @Override
  public int hashCode() {
    return fields.hashCode();
  }

  @Override
  public String toString() {
    return "fields" + fields.keySet();
  }
}
