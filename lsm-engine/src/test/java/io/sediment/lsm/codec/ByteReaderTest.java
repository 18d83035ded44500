package io.sediment.lsm.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ByteReaderTest {
  private static final List<Long> EDGES =
      List.of(0L, 1L, 63L, 64L, 127L, 128L, 1L << 31, Long.MAX_VALUE, -1L, -64L, Long.MIN_VALUE);

  @Test
  void numbersAreReadAsTheyWereWritten() {
    ByteWriter out = new ByteWriter(1);
    for (long edge : EDGES) {
      out.varint(edge);
      out.zigzag(edge);
      out.i64(edge);
      out.i32((int) edge);
      out.u8((int) edge);
    }
    out.uuid(new UUID(1, -2));
    ByteReader in = new ByteReader(out.toBuffer(), "test");
    for (long edge : EDGES) {
      assertThat(in.varint()).isEqualTo(edge);
      assertThat(in.zigzag()).isEqualTo(edge);
      assertThat(in.i64()).isEqualTo(edge);
      assertThat(in.i32()).isEqualTo((int) edge);
      assertThat(in.u8()).isEqualTo((int) edge & 0xff);
    }
    assertThat(in.uuid()).isEqualTo(new UUID(1, -2));
    in.end();
  }

  @Test
  void smallNumbersAreShort() {
    ByteWriter out = new ByteWriter(1);
    out.varint(127);
    out.zigzag(-64);
    assertThat(out.size()).isEqualTo(2);
    out.varint(128);
    assertThat(out.size()).isEqualTo(4);
  }

  @Test
  void aVarintThatNeverEndsIsRefused() {
    byte[] endless = new byte[11];
    Arrays.fill(endless, (byte) 0x80);
    byte[] tooLarge = {-1, -1, -1, -1, -1, -1, -1, -1, -1, 2};
    for (byte[] bytes : List.of(endless, tooLarge, new byte[] {-128})) {
      ByteReader in = new ByteReader(ByteBuffer.wrap(bytes), "test");
      assertThatThrownBy(in::varint).isInstanceOf(CorruptObjectException.class);
    }
  }

  @Test
  void countsAreCheckedBeforeAnythingIsAllocated() {
    ByteWriter out = new ByteWriter(16);
    out.varint(1_000_000_000);
    ByteReader in = new ByteReader(out.toBuffer(), "test object");
    assertThatThrownBy(() -> in.count(1, "rows"))
        .isInstanceOf(CorruptObjectException.class)
        .hasMessageContaining("test object")
        .hasMessageContaining("rows=1000000000");
  }
}
