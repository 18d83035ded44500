package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.Seeds;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bytes of commands, results and images: there and back, cut, and damaged. */
class LayoutTest {
  static LongStream seeds() {
    return Seeds.upTo(20);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void commandsAndTheirResultsComeBackAsTheyWere(long seed) {
    Random random = new Random(seed);
    MetadataImage image = SampleImages.image(random, 50);
    for (int i = 0; i < 100; i++) {
      MetadataCommand<?> command = SampleImages.command(random, image);
      assertThat(CommandLayout.decode(ByteBuffer.wrap(CommandLayout.encode(command))))
          .isEqualTo(command);
      image = assertResultComesBack(command, image);
    }
  }

  private static <R> MetadataImage assertResultComesBack(
      MetadataCommand<R> command, MetadataImage image) {
    CommandOutcome<R> outcome = command.applyTo(image);
    byte[] bytes = CommandLayout.encodeResult(command, outcome.result());
    assertThat(CommandLayout.decodeResult(command, ByteBuffer.wrap(bytes)))
        .isEqualTo(outcome.result());
    return outcome.image();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void anImageComesBackAsItWas(long seed) {
    MetadataImage image = SampleImages.image(new Random(seed), 300);
    MetadataOutput out = new MetadataOutput();
    ImageLayout.write(image, out);
    assertThat(ImageLayout.read(new MetadataInput(out.view(), "test"))).isEqualTo(image);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void storingChangedRowsStoresTheWholeChange(long seed) {
    Random random = new Random(seed);
    MetadataImage image = SampleImages.image(random, 10);
    TreeMap<ByteBuffer, ByteBuffer> rows = new TreeMap<>();
    ImageLayout.forEachRow(image, (k, v) -> rows.put(ByteBuffer.wrap(k), ByteBuffer.wrap(v)));
    for (int i = 0; i < 200; i++) {
      CommandOutcome<?> outcome = SampleImages.command(random, image).applyTo(image);
      image = outcome.image();
      for (RowKey key : outcome.changedRows()) {
        byte[] value = ImageLayout.value(image, key);
        if (value == null) {
          rows.remove(ByteBuffer.wrap(ImageLayout.key(key)));
        } else {
          rows.put(ByteBuffer.wrap(ImageLayout.key(key)), ByteBuffer.wrap(value));
        }
      }
    }
    ImageLayout.Builder rebuilt = new ImageLayout.Builder(image.clusterId(), image.incarnation());
    rows.forEach(rebuilt::add);
    assertThat(rebuilt.build(image.version())).isEqualTo(image);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void damagedCommandsAreToldApartOrAreOtherCommands(long seed) {
    Random random = new Random(seed);
    MetadataImage image = SampleImages.image(random, 50);
    for (int i = 0; i < 50; i++) {
      byte[] bytes = CommandLayout.encode(SampleImages.command(random, image));
      for (int length = 0; length < bytes.length; length++) {
        ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);
        assertThatThrownBy(() -> CommandLayout.decode(cut))
            .isInstanceOf(CorruptMetadataException.class);
      }
      for (int bit = 0; bit < Math.min(bytes.length, 200) * 8; bit++) {
        byte[] flipped = bytes.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(isCommand(flipped)).isIn(true, false);
      }
    }
  }

  /** Nothing but a command or the one exception comes of any bytes. */
  private static boolean isCommand(byte[] bytes) {
    try {
      CommandLayout.decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CorruptMetadataException e) {
      return false;
    }
  }

  @Test
  void aSealedEnvelopeShowsEveryCutAndEveryFlippedBit() {
    MetadataOutput body = new MetadataOutput();
    ImageLayout.write(SampleImages.image(new Random(1), 30), body);
    byte[] bytes = Envelope.seal(0x1234, 1, body);
    assertThat(ImageLayout.read(Envelope.open(0x1234, 1, ByteBuffer.wrap(bytes), "test")))
        .isEqualTo(SampleImages.image(new Random(1), 30));
    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);
      assertThatThrownBy(() -> Envelope.open(0x1234, 1, cut, "test"))
          .isInstanceOf(CorruptMetadataException.class);
    }
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> Envelope.open(0x1234, 1, ByteBuffer.wrap(flipped), "test"))
          .isInstanceOf(CorruptMetadataException.class);
    }
  }

  @Test
  void aNewerFormatVersionIsNamed() {
    byte[] bytes = Envelope.seal(0x1234, 2, new MetadataOutput().u8(1));
    assertThatThrownBy(() -> Envelope.open(0x1234, 1, ByteBuffer.wrap(bytes), "some/key"))
        .isInstanceOf(CorruptMetadataException.class)
        .hasMessageContaining("some/key")
        .hasMessageContaining("format version 2");
  }
}
