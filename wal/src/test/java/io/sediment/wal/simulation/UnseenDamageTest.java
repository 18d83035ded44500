package io.sediment.wal.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.codec.Checksums;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class UnseenDamageTest {
  @Test
  void noChecksumTellsTheDamage() {
    byte[] intact = new byte[300];
    new SplittableRandom(7).nextBytes(intact);
    int crc = Checksums.crc32c(ByteBuffer.wrap(intact));
    for (int position = 0; position <= intact.length - UnseenDamage.LENGTH; position++) {
      byte[] damaged = intact.clone();
      UnseenDamage.damage(ByteBuffer.wrap(damaged), position);
      assertThat(damaged).isNotEqualTo(intact);
      assertThat(Checksums.crc32c(ByteBuffer.wrap(damaged))).isEqualTo(crc);
    }
  }
}
