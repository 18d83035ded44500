package io.sediment.metadata.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.CorruptMetadataException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExportedUpToTest {
  private static ExportedUpTo decode(byte... bytes) {
    return ExportedUpTo.decode(ByteBuffer.wrap(bytes));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 77, Long.MAX_VALUE})
  void whatIsEncodedIsDecoded(long index) {
    assertThat(decode(new ExportedUpTo(index).encode())).isEqualTo(new ExportedUpTo(index));
  }

  @Test
  void aLaterVersionIsReadUpToWhatIsKnownAndNothingElseIs() {
    byte[] known = new ExportedUpTo(77).encode();
    byte[] longer = Arrays.copyOf(known, known.length + 3);
    assertThatThrownBy(() -> decode(longer)).isInstanceOf(CorruptMetadataException.class);
    longer[0] = 2;
    assertThat(decode(longer)).isEqualTo(new ExportedUpTo(77));
    assertThatThrownBy(() -> decode(Arrays.copyOf(known, known.length - 1)))
        .isInstanceOf(CorruptMetadataException.class);
    byte[] older = known.clone();
    older[0] = 0;
    assertThatThrownBy(() -> decode(older)).isInstanceOf(CorruptMetadataException.class);
  }
}
