package io.sediment.compactor.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class KeySummaryTest {
  private static final int SEVERAL_PAGES = 2 * KeySummaryLayout.PAGE_ENTRIES_MAX + 17;

  @Test
  void theLastOffsetOfEachKeyComesBackInTheOrderOfHashes() throws IOException {
    Random random = new Random(1);
    KeySummaryBuilder builder = new KeySummaryBuilder(CleanedLog.PARTITION, SEVERAL_PAGES);
    Map<String, Long> last = new TreeMap<>();
    long offset = 1000;
    while (!builder.isFull()) {
      long high = random.nextLong() & 0xf0000000000fff0fL; // many collide
      long low = random.nextInt(3);
      builder.put(high, low, offset);
      last.put(String.format("%016x%016x", high, low), offset);
      offset += 1 + random.nextInt(3);
    }
    OffsetRange range = new OffsetRange(1000, offset);
    KeySummary summary = open(builder.build(range));

    assertThat(summary.partition()).isEqualTo(CleanedLog.PARTITION);
    assertThat(summary.range()).isEqualTo(range);
    assertThat(summary.keyCount()).isEqualTo(last.size()).isEqualTo(SEVERAL_PAGES);
    Map<String, Long> found = new TreeMap<>();
    List<String> order = new ArrayList<>();
    for (KeySummary.Cursor cursor = summary.cursor(); cursor.next(); ) {
      String hash = String.format("%016x%016x", cursor.high(), cursor.low());
      order.add(hash);
      found.put(hash, cursor.offset());
    }
    assertThat(found).isEqualTo(last);
    assertThat(order).isEqualTo(List.copyOf(last.keySet()));
  }

  @Test
  void aRangeWithoutKeysHasASummaryToo() throws IOException {
    KeySummaryBuilder builder = new KeySummaryBuilder(CleanedLog.PARTITION, 10);
    KeySummary summary = open(builder.build(new OffsetRange(3, 5)));
    assertThat(summary.keyCount()).isZero();
    assertThat(summary.cursor().next()).isFalse();
  }

  @Test
  void everyFlippedBitIsFound() {
    KeySummaryBuilder builder = new KeySummaryBuilder(CleanedLog.PARTITION, 10);
    for (int i = 0; i < 5; i++) {
      builder.put(i * 0x1234567890abcdefL, i, i);
    }
    ByteBuffer sound = builder.build(new OffsetRange(0, 5));
    for (int bit = 0; bit < sound.limit() * Byte.SIZE; bit++) {
      ByteBuffer damaged = ByteBuffer.allocate(sound.limit()).put(0, sound, 0, sound.limit());
      int at = bit / Byte.SIZE;
      damaged.put(at, (byte) (damaged.get(at) ^ 1 << bit % Byte.SIZE));
      assertThatThrownBy(
              () -> {
                KeySummary.Cursor cursor = open(damaged).cursor();
                while (cursor.next()) {
                  cursor.offset();
                }
              })
          .as("bit " + bit)
          .isInstanceOf(CorruptObjectException.class);
    }
  }

  private static KeySummary open(ByteBuffer bytes) throws IOException {
    return KeySummary.open(KeySummary.Source.of(bytes), "test");
  }
}
