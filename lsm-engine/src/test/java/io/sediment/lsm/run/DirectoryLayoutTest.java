package io.sediment.lsm.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.runtime.Corpus;
import io.sediment.simulation.Seeds;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DirectoryLayoutTest {
  private static final LaneId LANE = new LaneId(3);

  static LongStream seeds() {
    return Seeds.upTo(100);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatIsWrittenIsRead(long seed) {
    Directory directory = random(new SplittableRandom(seed));
    ByteBuffer encoded = DirectoryLayout.encode(directory);
    RunRef ref = DirectoryLayout.refOf(directory, encoded);
    assertThat(DirectoryLayout.decode(LANE, ref, encoded)).isEqualTo(directory);
    assertThat(DirectoryLayout.decode(ref.key(LANE), encoded)).isEqualTo(directory);
    for (RunSection section : directory.sections()) {
      assertThat(directory.section(section.partition())).contains(section);
    }
  }

  @Test
  void everyTruncationAndFlippedBitIsNoticed() {
    Directory directory = random(new SplittableRandom(5));
    ByteBuffer encoded = DirectoryLayout.encode(directory);
    RunRef ref = DirectoryLayout.refOf(directory, encoded);
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(bytes);
    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length).slice();
      assertThatThrownBy(() -> DirectoryLayout.decode(LANE, ref, cut))
          .isInstanceOf(CorruptObjectException.class);
    }
    for (int bit = 0; bit < bytes.length * 8; bit += 3) {
      byte[] flipped = Arrays.copyOf(bytes, bytes.length);
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> DirectoryLayout.decode(LANE, ref, ByteBuffer.wrap(flipped)))
          .as("bit=%d", bit)
          .isInstanceOf(CorruptObjectException.class);
    }
  }

  @Test
  void anotherRunsDirectoryIsNotTaken() {
    Directory directory = random(new SplittableRandom(5));
    Directory other = random(new SplittableRandom(6));
    ByteBuffer encoded = DirectoryLayout.encode(other);
    RunRef expected = DirectoryLayout.refOf(directory, DirectoryLayout.encode(directory));
    assertThatThrownBy(() -> DirectoryLayout.decode(LANE, expected, encoded))
        .isInstanceOf(CorruptObjectException.class);
  }

  @Test
  void versionOneStaysReadable() {
    Directory directory = random(new SplittableRandom(11));
    byte[] stored = Corpus.read("v1/directory", () -> bytes(DirectoryLayout.encode(directory)));
    RunRef ref = DirectoryLayout.refOf(directory, ByteBuffer.wrap(stored));
    assertThat(DirectoryLayout.decode(LANE, ref, ByteBuffer.wrap(stored))).isEqualTo(directory);
    assertThat(bytes(DirectoryLayout.encode(directory))).isEqualTo(stored);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static Directory random(SplittableRandom random) {
    List<DataRef> objects = new ArrayList<>();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      SortedObjectKind kind =
          List.of(SortedObjectKind.L0, SortedObjectKind.L1, SortedObjectKind.WAL)
              .get(random.nextInt(3));
      objects.add(new DataRef(kind, 1 + random.nextInt(9), i, 1L << 40, random.nextInt()));
    }
    List<RunSection> sections = new ArrayList<>();
    UUID topic = new UUID(1, random.nextLong() >>> 1);
    int partition = 0;
    for (int i = random.nextInt(20); i > 0; i--) {
      partition += 1 + random.nextInt(3);
      sections.add(section(random, new PartitionId(topic, partition), objects.size()));
      if (random.nextInt(5) == 0) {
        topic = new UUID(topic.getMostSignificantBits() + 1, random.nextLong() >>> 1);
        partition = 0;
      }
    }
    return new Directory(
        LANE,
        1 + random.nextInt(9),
        1 + random.nextInt(999),
        random.nextInt(20),
        objects,
        sections);
  }

  private static RunSection section(SplittableRandom random, PartitionId partition, int objects) {
    long from = random.nextInt(1000);
    long offset = from;
    long timestamp = random.nextLong(1L << 40);
    int epoch = random.nextInt(5);
    long position = 64;
    List<RunBlock> blocks = new ArrayList<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      long base = offset + random.nextInt(3);
      long last = base + random.nextInt(100);
      int length = 1 + random.nextInt(1 << 20);
      position = random.nextBoolean() ? position : 64 + random.nextLong(1L << 30);
      timestamp += random.nextInt(1000);
      epoch += random.nextInt(2);
      blocks.add(
          new RunBlock(
              new Block(base, last, position, length, timestamp, epoch, random.nextInt()),
              random.nextInt(objects)));
      position += length;
      offset = last + 1;
    }
    RunProducers producers =
        random.nextBoolean()
            ? RunProducers.NONE
            : new RunProducers(
                random.nextInt(3),
                List.of(
                    new ProducerEntry(
                        random.nextInt(9),
                        (short) 1,
                        -1,
                        ProducerEntry.NO_OPEN_TXN,
                        77,
                        List.of(new ProducerEntry.Batch(0, 4, from, from + 4, 77)))));
    List<AbortedTxn> aborted =
        random.nextBoolean() ? List.of() : List.of(new AbortedTxn(3, from, from + 9, from + 10));
    ExtensionFields fields =
        random.nextBoolean()
            ? ExtensionFields.NONE
            : ExtensionFields.NONE.with(2, new byte[] {1, 2, 3});
    return new RunSection(
        partition, from, offset + random.nextInt(5), blocks, producers, aborted, fields);
  }
}
