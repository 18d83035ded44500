package io.sediment.lsm.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.codec.Checksums;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Await;
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

class SortedObjectTest {
  private static final UUID WRITER = new UUID(11, 12);
  private static final UUID TOPIC = new UUID(0x1122334455667788L, 0x99aabbccddeeff00L);
  private static final ObjectIdentity WAL = identity(SortedObjectKind.WAL, 17);
  private static final ObjectIdentity FENCE = identity(SortedObjectKind.FENCE, 18);

  private final ObjectStore store = new MemoryObjectStore();
  private final SortedObjectReader reader = new SortedObjectReader(store);

  static LongStream seeds() {
    return Seeds.upTo(40);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatIsWrittenIsRead(long seed) {
    EncodedObject object = RandomObjects.object(new SplittableRandom(seed), WAL);
    byte[] bytes = object.body().toByteArray();
    assertThat(verify(WAL, bytes)).isEqualTo(object.description());
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void theSameBatchesGiveTheSameBytesHoweverTheyAreGathered(long seed) {
    byte[] copied = RandomObjects.object(seed, WAL, Integer.MAX_VALUE).body().toByteArray();
    byte[] gathered = RandomObjects.object(seed, WAL, 0).body().toByteArray();
    byte[] mixed = RandomObjects.object(seed, WAL, 300).body().toByteArray();
    assertThat(gathered).isEqualTo(copied);
    assertThat(mixed).isEqualTo(copied);
  }

  @Test
  void anObjectOfTheLogSaysHowFarItWasAcknowledgedBefore() {
    SortedObjectWriter writer = new SortedObjectWriter(WAL, SortedObjectOptions.DEFAULT);
    writer.ackedSeq(WAL.number() - 1);
    writer.beginSection(new PartitionId(TOPIC, 1));
    writer.add(TestBatch.at(5).build());
    EncodedObject object = writer.finish();
    assertThat(verify(WAL, object.body().toByteArray()))
        .isEqualTo(object.description())
        .extracting(SortedObject::ackedSeq)
        .isEqualTo(16L);
  }

  @Test
  void noObjectKnowsThatItWasAcknowledgedItself() {
    SortedObjectWriter writer = new SortedObjectWriter(WAL, SortedObjectOptions.DEFAULT);
    writer.ackedSeq(WAL.number());
    assertThatThrownBy(writer::finish)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("acked seq=17");
  }

  @Test
  void everyTruncationIsFound() {
    byte[] bytes = small().body().toByteArray();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> verify(WAL, cut))
          .as("length=%d", length)
          .isInstanceOf(CorruptObjectException.class);
    }
  }

  @Test
  void everyFlippedBitIsFound() {
    byte[] bytes = small().body().toByteArray();
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> verify(WAL, flipped))
          .as("bit=%d", bit)
          .isInstanceOf(CorruptObjectException.class);
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void randomDamageIsFound(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] bytes = RandomObjects.object(random, WAL).body().toByteArray();
    for (int i = 0; i < 50; i++) {
      byte[] damaged = RandomObjects.damage(random, bytes);
      assertThatThrownBy(() -> verify(WAL, damaged)).isInstanceOf(CorruptObjectException.class);
    }
  }

  /** Whoever can forge checksums must still not get past the decoder with another exception. */
  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void aDamagedFooterWithATrueChecksumIsReadOrRefused(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] bytes = RandomObjects.object(random, WAL).body().toByteArray();
    ByteBuffer view = ByteBuffer.wrap(bytes);
    int trailer = bytes.length - SortedObjectLayout.TRAILER_SIZE;
    int footer = (int) view.getLong(trailer + SortedObjectLayout.FOOTER_POSITION_AT);
    for (int i = 0; i < 200; i++) {
      byte[] forged = bytes.clone();
      int from = footer + SortedObjectLayout.HEADER_SIZE;
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        forged[from + random.nextInt(trailer - from)] = (byte) random.nextInt();
      }
      ByteBuffer all = ByteBuffer.wrap(forged);
      all.putInt(
          trailer + SortedObjectLayout.FOOTER_CRC_AT,
          Checksums.crc32c(all, footer, trailer - footer));
      try {
        SortedObjectReader.decodeDescription(LaneKeys.of(WAL), all, forged.length);
      } catch (CorruptObjectException expected) {
        assertThat(expected).hasMessageContaining("key=lanes/3/wal/");
      }
    }
  }

  @Test
  void tenThousandPartitionsFitOneObject() {
    int partitions = 10_000;
    SortedObjectWriter writer = new SortedObjectWriter(WAL, SortedObjectOptions.DEFAULT);
    SplittableRandom random = new SplittableRandom(1);
    for (int p = 0; p < partitions; p++) {
      writer.beginSection(new PartitionId(new UUID(p / 10, p), p % 10));
      writer.add(
          TestBatch.at(40_000_000_000L + p)
              .maxTimestamp(1_790_000_000_000L + p)
              .records(3)
              .size(200, random)
              .build());
    }
    EncodedObject object = writer.finish();
    byte[] bytes = object.body().toByteArray();
    assertThat(verify(WAL, bytes)).isEqualTo(object.description());
    long footer = bytes.length - partitions * 200L - 64;
    assertThat(footer / (double) partitions).as("footer bytes per partition").isLessThan(48);
    assertThat(object.body().buffers().length).as("buffers to gather").isLessThan(40);
  }

  @Test
  void aBlockEndsAtItsSizeAndAtANewLeaderEpoch() {
    SortedObjectWriter writer = new SortedObjectWriter(WAL, new SortedObjectOptions(1_000, 4_096));
    SplittableRandom random = new SplittableRandom(1);
    writer.beginSection(new PartitionId(TOPIC, 0));
    writer.add(TestBatch.at(0).size(600, random).maxTimestamp(7).build());
    writer.add(TestBatch.at(1).size(400, random).maxTimestamp(5).build());
    writer.add(TestBatch.at(2).size(100, random).maxTimestamp(3).build());
    writer.add(TestBatch.at(3).size(100, random).maxTimestamp(9).leaderEpoch(1).build());
    writer.add(TestBatch.at(4).size(5_000, random).maxTimestamp(8).leaderEpoch(1).build());
    Section section = writer.finish().description().sections().get(0);
    assertThat(section.blocks())
        .extracting(Block::baseOffset, Block::lastOffset, Block::length, Block::maxTimestamp)
        .containsExactly(
            tuple(0L, 1L, 1_000, 7L),
            tuple(2L, 2L, 100, 7L),
            tuple(3L, 3L, 100, 9L),
            tuple(4L, 4L, 5_000, 9L));
    assertThat(section.blocks()).extracting(Block::leaderEpoch).containsExactly(0, 0, 1, 1);
  }

  @Test
  void neighboursInOneMemoryAreOneStretch() {
    SplittableRandom random = new SplittableRandom(1);
    ByteBuffer slab = ByteBuffer.allocateDirect(1 << 20);
    List<Integer> positions = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      positions.add(slab.position());
      TestBatch.at(i).size(5_000, random).writeTo(slab);
    }
    SortedObjectWriter writer = new SortedObjectWriter(WAL, SortedObjectOptions.DEFAULT);
    writer.beginSection(new PartitionId(TOPIC, 0));
    for (int position : positions) {
      writer.add(slab, position, 5_000);
    }
    EncodedObject object = writer.finish();
    assertThat(object.body().buffers()).hasSize(3); // header, batches, footer
    assertThat(verify(WAL, object.body().toByteArray())).isEqualTo(object.description());
  }

  @Test
  void aLargeObjectOfSmallBatchesIsNotCopied() {
    ByteBuffer slab = ByteBuffer.allocateDirect(20 << 20);
    SortedObjectWriter writer = new SortedObjectWriter(WAL, SortedObjectOptions.DEFAULT);
    SplittableRandom random = new SplittableRandom(1);
    writer.beginSection(new PartitionId(TOPIC, 0));
    for (int i = 0; i < 10_000; i++) {
      int position = slab.position();
      TestBatch.at(i).size(1_000, random).writeTo(slab);
      slab.position(slab.position() + 100);
      writer.add(slab, position, 1_000);
    }
    EncodedObject object = writer.finish();
    long onHeap =
        Arrays.stream(object.body().buffers())
            .filter(buffer -> !buffer.isDirect())
            .mapToLong(ByteBuffer::remaining)
            .sum();
    assertThat(onHeap).isLessThan((8 << 20) + 100_000);
    assertThat(verify(WAL, object.body().toByteArray())).isEqualTo(object.description());
  }

  @Test
  void batchesOutOfOrderNeverBecomeAnObject() {
    SplittableRandom random = new SplittableRandom(1);
    SortedObjectWriter writer = new SortedObjectWriter(WAL, SortedObjectOptions.DEFAULT);
    writer.beginSection(new PartitionId(TOPIC, 1));
    writer.add(TestBatch.at(10).records(5).leaderEpoch(3).build());
    for (TestBatch wrong :
        List.of(
            TestBatch.at(14).leaderEpoch(3),
            TestBatch.at(16).leaderEpoch(3),
            TestBatch.at(15).leaderEpoch(2))) {
      assertThatThrownBy(() -> writer.add(wrong.build()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("expectedOffset=15");
    }
    ByteBuffer torn = TestBatch.at(15).leaderEpoch(3).size(200, random).build().limit(199);
    assertThatThrownBy(() -> writer.add(torn)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> writer.beginSection(new PartitionId(TOPIC, 1)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFenceIsAHeaderAlone() {
    EncodedObject fence = SortedObjectWriter.fence(FENCE);
    store(FENCE, fence.body().toByteArray());
    assertThat(fence.body().length()).isEqualTo(64);
    assertThat(Await.result(reader.readHeader(LaneKeys.of(FENCE)))).contains(FENCE);
    assertThat(Await.result(reader.readDescription(LaneKeys.of(FENCE))))
        .contains(fence.description());
  }

  @Test
  void oneReadTellsAHeaderAndOneADescription() {
    EncodedObject object = small();
    store(WAL, object.body().toByteArray());
    CountingStore counting = new CountingStore(store);
    SortedObjectReader counted = new SortedObjectReader(counting, 4_096);
    assertThat(Await.result(counted.readHeader(LaneKeys.of(WAL)))).contains(WAL);
    assertThat(counting.gets()).isEqualTo(1);
    assertThat(Await.result(counted.readDescription(LaneKeys.of(WAL))))
        .contains(object.description());
    assertThat(counting.gets()).isEqualTo(2);
    SortedObjectReader shortSighted = new SortedObjectReader(counting, 64);
    assertThat(Await.result(shortSighted.readDescription(LaneKeys.of(WAL))))
        .contains(object.description());
    assertThat(counting.gets()).isEqualTo(4);
  }

  @Test
  void whatIsNotThereIsEmpty() {
    assertThat(Await.result(reader.readHeader(LaneKeys.of(WAL)))).isEmpty();
    assertThat(Await.result(reader.readDescription(LaneKeys.of(WAL)))).isEmpty();
  }

  @Test
  void anObjectUnderAnotherKeyIsRefused() {
    store(FENCE, small().body().toByteArray());
    assertThat(Await.failure(reader.readHeader(LaneKeys.of(FENCE))))
        .hasMessageContaining("holds another object");
    assertThat(Await.failure(reader.readDescription(LaneKeys.of(FENCE))))
        .hasMessageContaining("holds another object");
  }

  @Test
  void aBlockMustBeWholeBatchesInOrder() {
    ByteBuffer two =
        concat(
            TestBatch.at(5).records(2).leaderEpoch(1).build(),
            TestBatch.at(7).records(1).leaderEpoch(1).build());
    ObjectKey key = LaneKeys.of(WAL);
    SortedObjectReader.verifyBlock(key, blockOf(two, 5, 7, 1), two);
    for (Block wrong :
        List.of(blockOf(two, 4, 7, 1), blockOf(two, 5, 8, 1), blockOf(two, 5, 7, 2))) {
      assertThatThrownBy(() -> SortedObjectReader.verifyBlock(key, wrong, two))
          .isInstanceOf(CorruptObjectException.class);
    }
    ByteBuffer torn = two.duplicate().limit(two.limit() - 1);
    ByteBuffer swapped = concat(TestBatch.at(7).build(), TestBatch.at(5).records(2).build());
    for (ByteBuffer wrong : List.of(torn, swapped)) {
      assertThatThrownBy(() -> SortedObjectReader.verifyBlock(key, blockOf(wrong, 5, 7, 1), wrong))
          .isInstanceOf(CorruptObjectException.class);
    }
  }

  // -- helpers -----------------------------------------------------------------------------------

  private static ObjectIdentity identity(SortedObjectKind kind, long number) {
    return new ObjectIdentity(kind, 2, new LaneId(3), 5, number, WRITER);
  }

  private static EncodedObject small() {
    SortedObjectWriter writer = new SortedObjectWriter(WAL, new SortedObjectOptions(150, 100));
    writer.beginSection(new PartitionId(TOPIC, 0));
    writer.add(TestBatch.at(10).payload(new byte[20]).build());
    writer.add(TestBatch.at(11).payload(new byte[50]).build());
    writer.producers(
        List.of(
            new ProducerEntry(
                4, (short) 1, -1, -1, 99, List.of(new ProducerEntry.Batch(0, 1, 10, 11, 99)))));
    writer.beginSection(new PartitionId(TOPIC, 7));
    writer.add(TestBatch.at(0).build());
    writer.abortedTxns(List.of(new AbortedTxn(4, 0, 0, 1)));
    return writer.finish();
  }

  /** Reads everything a reader could read, and checks that no byte is left unvouched for. */
  private static SortedObject verify(ObjectIdentity identity, byte[] bytes) {
    ObjectKey key = LaneKeys.of(identity);
    ByteBuffer all = ByteBuffer.wrap(bytes);
    ObjectIdentity header = SortedObjectReader.decodeHeader(key, all);
    SortedObject object = SortedObjectReader.decodeDescription(key, all, bytes.length);
    assertThat(object.identity()).isEqualTo(header);
    for (Section section : object.sections()) {
      for (Block block : section.blocks()) {
        SortedObjectReader.verifyBlock(
            key, block, all.slice((int) block.position(), block.length()));
      }
    }
    return object;
  }

  private void store(ObjectIdentity identity, byte[] bytes) {
    Await.result(store.putIfAbsent(LaneKeys.of(identity), ObjectBody.of(bytes)));
  }

  private static Block blockOf(ByteBuffer bytes, long base, long last, int epoch) {
    int crc = Checksums.crc32c(bytes);
    return new Block(base, last, 64, bytes.remaining(), 1_000_000, epoch, crc);
  }

  private static ByteBuffer concat(ByteBuffer a, ByteBuffer b) {
    return ByteBuffer.allocate(a.remaining() + b.remaining()).put(a).put(b).flip();
  }
}
