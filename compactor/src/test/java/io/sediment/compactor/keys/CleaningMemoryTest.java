package io.sediment.compactor.keys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CleaningMemoryTest {
  @ParameterizedTest
  @ValueSource(longs = {1 << 20, 2_700_000, 9_600_000, 20 << 20, 43_000_000, 64 << 20})
  void allPartsFit(long bytes) {
    CleaningMemory memory = CleaningMemory.of(bytes);
    long slots = 2L * memory.rangeKeysMax();
    long gathering =
        slots * KeySummaryBuilder.BYTES_PER_SLOT_MAX
            + memory.readBytes()
            + memory.summaryBytesMax();
    long pages =
        (long) memory.rangesMax() * KeySummaryLayout.pageLength(KeySummaryLayout.PAGE_ENTRIES_MAX);
    long marking = memory.marksBytesMax() + pages + memory.summaryBytesMax();
    assertThat(gathering).isBetween(bytes / 3, bytes);
    assertThat(marking).isBetween(bytes * 3 / 4, bytes);
  }

  /** 64 MB for a whole broker are 2.7 MB for this, and 224 MB are 9.6 MB. */
  @ParameterizedTest
  @ValueSource(strings = {"2700000 5000000", "9600000 70000000"})
  void millionsOfKeysTakeOnePass(String bytesAndKeys) {
    String[] parts = bytesAndKeys.split(" ");
    assertThat(CleaningMemory.of(Long.parseLong(parts[0])).keysInOnePass())
        .isGreaterThan(Long.parseLong(parts[1]));
  }

  /** A table never grows beyond what was counted, unless one batch brings very many keys. */
  @ParameterizedTest
  @ValueSource(longs = {1 << 20, 9_600_000})
  void aTableStaysWithinItsSlots(long bytes) {
    CleaningMemory memory = CleaningMemory.of(bytes);
    KeySummaryBuilder keys = new KeySummaryBuilder(CleanedLog.PARTITION, memory.rangeKeysMax());
    for (int i = 0; i < memory.rangeKeysMax() * 3 / 2; i++) {
      keys.put(i * 0x9e3779b97f4a7c15L, i, i);
    }
    assertThat(keys.isFull()).isTrue();
    assertThat(keys.slots()).isEqualTo(2 * memory.rangeKeysMax());
  }
}
