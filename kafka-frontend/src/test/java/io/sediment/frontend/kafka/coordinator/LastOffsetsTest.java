package io.sediment.frontend.kafka.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LastOffsetsTest {
  private static ByteBuffer key(int number) {
    return ByteBuffer.wrap(("key-" + number).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void ofManyKeysEachIsFoundWhereItCameLast() {
    LastOffsets offsets = new LastOffsets();
    Map<Integer, Long> expected = new HashMap<>();
    Random random = new Random(7);
    for (long offset = 0; offset < 20_000; offset++) {
      int number = random.nextInt(5_000);
      offsets.put(key(number), offset);
      expected.put(number, offset);
    }
    expected.forEach(
        (number, offset) -> {
          assertThat(offsets.isLast(key(number), offset)).isTrue();
          assertThat(offsets.isLast(key(number), offset - 1)).isFalse();
        });
    assertThat(offsets.isLast(key(5_000), 0)).as("a key that never came").isFalse();
  }
}
