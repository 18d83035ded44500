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
  void ofManyKeysTheLastOffsetOfEachIsKnown() {
    LastOffsets offsets = new LastOffsets();
    Map<Integer, Long> expected = new HashMap<>();
    Random random = new Random(7);
    for (long offset = 0; offset < 20_000; offset++) {
      int number = random.nextInt(5_000);
      offsets.put(key(number), offset);
      expected.put(number, offset);
    }
    assertThat(offsets.inOrder())
        .isSorted()
        .hasSize(expected.size())
        .containsOnly(expected.values().stream().mapToLong(Long::longValue).toArray());
  }
}
