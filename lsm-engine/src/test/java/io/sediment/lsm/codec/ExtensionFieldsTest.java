package io.sediment.lsm.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import java.nio.ByteBuffer;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExtensionFieldsTest {
  private static final ExtensionFields FIELDS =
      ExtensionFields.NONE.with(4, new byte[] {1, 2}).with(7, new byte[] {3}).with(2, new byte[0]);

  @Test
  void fieldsAreReadAsTheyWereWritten() {
    assertThat(read(FIELDS, Set.of(7))).isEqualTo(FIELDS);
    assertThat(read(FIELDS, Set.of(2, 4, 7)).get(4)).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
    assertThat(FIELDS.get(5)).isNull();
    assertThat(read(ExtensionFields.NONE, Set.of()).isEmpty()).isTrue();
  }

  @Test
  void anUnknownOddFieldIsRefusedAndAnEvenOneIsNot() {
    assertThatThrownBy(() -> read(FIELDS, Set.of(2, 4)))
        .isInstanceOf(CorruptObjectException.class)
        .hasMessageContaining("tag=7");
    assertThat(read(ExtensionFields.NONE.with(8, new byte[3]), Set.of()).get(8)).isNotNull();
  }

  @Test
  void tagsMustAscend() {
    ByteWriter out = new ByteWriter(16);
    out.varint(2);
    for (int i = 0; i < 2; i++) {
      out.varint(4);
      out.varint(0);
    }
    ByteReader in = new ByteReader(out.toBuffer(), "test");
    assertThatThrownBy(() -> ExtensionFields.decode(in, Set.of()))
        .isInstanceOf(CorruptObjectException.class);
  }

  private static ExtensionFields read(ExtensionFields fields, Set<Integer> known) {
    ByteWriter out = new ByteWriter(16);
    fields.encode(out);
    ByteReader in = new ByteReader(out.toBuffer(), "test");
    ExtensionFields read = ExtensionFields.decode(in, known);
    in.end();
    return read;
  }
}
