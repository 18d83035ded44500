package io.sediment.lsm.object;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;

/** Sorted objects of every shape, by seed. */
final class RandomObjects {
  private RandomObjects() {}

  static EncodedObject object(SplittableRandom random, ObjectIdentity identity) {
    return object(random.nextLong(), identity, random.nextInt(500));
  }

  static EncodedObject object(long seed, ObjectIdentity identity, int gatherSizeMin) {
    SplittableRandom random = new SplittableRandom(seed);
    ByteBuffer slab = ByteBuffer.allocateDirect(1 << 20);
    SortedObjectWriter writer =
        new SortedObjectWriter(
            identity, new SortedObjectOptions(1 + random.nextInt(2_000), gatherSizeMin));
    for (PartitionId partition : partitions(random)) {
      writer.beginSection(partition);
      long offset = random.nextBoolean() ? 0 : random.nextLong(1L << random.nextInt(1, 60));
      int epoch = random.nextInt(100);
      for (int n = 1 + random.nextInt(5); n > 0; n--) {
        if (random.nextInt(4) == 0) {
          epoch += 1 + random.nextInt(3);
          offset += random.nextInt(3);
        }
        int records = 1 + random.nextInt(300);
        long timestamp = random.nextInt(10) == 0 ? -1 : random.nextLong(1L << 42);
        TestBatch batch =
            TestBatch.at(offset)
                .records(records)
                .leaderEpoch(epoch)
                .maxTimestamp(timestamp)
                .size(61 + random.nextInt(1_000), random);
        offset += records;
        if (random.nextInt(3) == 0) {
          writer.add(batch.build());
        } else {
          int position = slab.position();
          batch.writeTo(slab);
          writer.add(slab, position, slab.position() - position);
        }
      }
      if (random.nextBoolean()) {
        writer.producers(producers(random));
      }
      if (random.nextInt(4) == 0) {
        writer.abortedTxns(
            List.of(new AbortedTxn(random.nextInt(9), 3, 3 + random.nextInt(9), -1)));
      }
    }
    return writer.finish();
  }

  static TreeSet<PartitionId> partitions(SplittableRandom random) {
    TreeSet<PartitionId> partitions = new TreeSet<>();
    for (int t = random.nextInt(6); t > 0; t--) {
      UUID topic = new UUID(random.nextLong(), random.nextLong());
      for (int p = 1 + random.nextInt(4); p > 0; p--) {
        boolean far = random.nextInt(8) == 0;
        partitions.add(new PartitionId(topic, random.nextInt(far ? Integer.MAX_VALUE : 10)));
      }
    }
    return partitions;
  }

  static List<ProducerEntry> producers(SplittableRandom random) {
    List<ProducerEntry> producers = new ArrayList<>();
    for (int n = random.nextInt(4); n > 0; n--) {
      List<ProducerEntry.Batch> batches = new ArrayList<>();
      for (int b = random.nextInt(6); b > 0; b--) {
        batches.add(
            new ProducerEntry.Batch(
                random.nextInt(Integer.MAX_VALUE), random.nextInt(10), b, b + 3, -1));
      }
      producers.add(
          new ProducerEntry(
              random.nextLong(Long.MAX_VALUE),
              (short) random.nextInt(Short.MAX_VALUE),
              random.nextInt(5) - 1,
              random.nextInt(5) - 1,
              random.nextLong(1L << 42),
              batches));
    }
    return producers;
  }

  /** The same bytes, differently: flipped, cut, swapped, overwritten. */
  static byte[] damage(SplittableRandom random, byte[] bytes) {
    byte[] damaged = bytes.clone();
    while (Arrays.equals(damaged, bytes)) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> damaged = Arrays.copyOf(damaged, at);
        case 2 -> damaged = Arrays.copyOf(damaged, damaged.length + 1 + random.nextInt(80));
        default ->
            Arrays.fill(damaged, at, Math.min(bytes.length, at + random.nextInt(64)), (byte) 0);
      }
    }
    return damaged;
  }
}
