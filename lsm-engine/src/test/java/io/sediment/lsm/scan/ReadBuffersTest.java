package io.sediment.lsm.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ReadBuffersTest {
  private static final int LARGE = 1 << 20;

  private final ReadBuffers buffers = new ReadBuffers(LARGE + LARGE / 2);

  @Test
  void memoryThatCameBackIsUsedAgain() {
    ByteBuffer first = buffers.take(LARGE - 100);
    first.putLong(7).flip();
    buffers.giveBack(first);

    ByteBuffer second = buffers.take(LARGE - 7);

    assertThat(second).isSameAs(first);
    assertThat(second.position()).isZero();
    assertThat(second.limit()).isEqualTo(LARGE - 7);
  }

  @Test
  void whatIsTakenTwiceIsTwoPiecesOfMemory() {
    assertThat(buffers.take(LARGE)).isNotSameAs(buffers.take(LARGE));
  }

  @Test
  void onlySoMuchFreeMemoryIsKept() {
    ByteBuffer one = buffers.take(LARGE);
    ByteBuffer two = buffers.take(LARGE);
    ByteBuffer half = buffers.take(LARGE / 2);
    buffers.giveBack(one);
    buffers.giveBack(two);
    buffers.giveBack(half);

    assertThat(buffers.take(LARGE)).isSameAs(one);
    assertThat(buffers.take(LARGE)).as("for which there was no room").isNotSameAs(two);
    assertThat(buffers.take(LARGE / 2)).isSameAs(half);
  }

  @Test
  void smallAndOversizedPiecesAreOnTheHeapAndExact() {
    for (int length : new int[] {1, LARGE / 4, LARGE + 1}) {
      ByteBuffer memory = buffers.take(length);
      assertThat(memory.isDirect()).isFalse();
      assertThat(memory.capacity()).isEqualTo(length).isEqualTo(ReadBuffers.capacity(length));
      buffers.giveBack(memory);
      assertThat(buffers.take(length)).isNotSameAs(memory);
    }
  }

  @Test
  void withoutDirectMemoryChunksGoToTheHeapAndAreNotKept() {
    ReadBuffers poor =
        new ReadBuffers(
            LARGE,
            capacity -> {
              throw new OutOfMemoryError("direct memory, by a test");
            });
    ByteBuffer memory = poor.take(LARGE);
    assertThat(memory.isDirect()).isFalse();
    assertThat(memory.capacity()).isEqualTo(LARGE);
    poor.giveBack(memory);
    assertThat(poor.take(LARGE)).isNotSameAs(memory);
  }

  @Test
  void whatIsChargedIsWhatIsTaken() {
    for (int length : new int[] {LARGE / 4 + 1, LARGE / 2, LARGE / 2 + 1, LARGE}) {
      assertThat(buffers.take(length).capacity()).isEqualTo(ReadBuffers.capacity(length));
    }
  }
}
