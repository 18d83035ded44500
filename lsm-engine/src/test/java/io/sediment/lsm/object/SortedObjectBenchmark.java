package io.sediment.lsm.object;

import com.sun.management.ThreadMXBean;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.objectstore.ObjectBody;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * What it costs to encode a WAL-sized object, to write it to a file, and to decode and verify it,
 * by size of batch and by {@link SortedObjectOptions#gatherSizeBytesMin}. Prints CPU seconds per GB
 * of this thread. Run with {@code java -cp … io.sediment.lsm.object.SortedObjectBenchmark}.
 */
public final class SortedObjectBenchmark {
  private static final int OBJECT_SIZE = 2 << 20;
  private static final ObjectIdentity WAL =
      new ObjectIdentity(SortedObjectKind.WAL, 1, new LaneId(0), 1, 1, new UUID(1, 2));

  private record Batch(ByteBuffer slab, int position, int length) {}

  private record Input(List<PartitionId> partitions, List<List<Batch>> batches) {}

  private SortedObjectBenchmark() {}

  public static void main(String[] args) throws IOException {
    Path file = Files.createTempFile("sorted-object", ".bench");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int round = 0; round < 2; round++) {
        measure("16 KB batches, 8 partitions", input(16 << 10, 8), channel, round > 0);
        measure("4 KB batches, 100 partitions", input(4 << 10, 100), channel, round > 0);
        measure("1 KB batches, 1,000 partitions", input(1 << 10, 1_000), channel, round > 0);
      }
    } finally {
      Files.delete(file);
    }
  }

  private static void measure(String name, Input input, FileChannel channel, boolean print)
      throws IOException {
    for (int gatherSizeMin : new int[] {0, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 1 << 30}) {
      SortedObjectOptions options = new SortedObjectOptions(512 << 10, gatherSizeMin);
      int times = 400;
      for (int i = 0; i < 200; i++) {
        write(channel, encode(input, options).body());
      }
      long cpu = cpuNanos();
      long allocated = allocatedBytes();
      for (int i = 0; i < times; i++) {
        encode(input, options);
      }
      double encode = cpuNanos() - cpu;
      long garbage = (allocatedBytes() - allocated) / times;
      EncodedObject object = encode(input, options);
      cpu = cpuNanos();
      for (int i = 0; i < times; i++) {
        write(channel, object.body());
      }
      double write = cpuNanos() - cpu;
      ByteBuffer bytes = ByteBuffer.allocateDirect((int) object.body().length());
      for (ByteBuffer buffer : object.body().buffers()) {
        bytes.put(buffer);
      }
      bytes.flip();
      cpu = cpuNanos();
      for (int i = 0; i < times; i++) {
        SortedObjectReader.decodeDescription(LaneKeys.of(WAL), bytes, bytes.limit());
      }
      double decode = cpuNanos() - cpu;
      cpu = cpuNanos();
      for (int i = 0; i < times; i++) {
        verify(object.description(), bytes);
      }
      double verify = cpuNanos() - cpu;
      double gigabytes = (double) object.body().length() * times / (1 << 30);
      if (print) {
        System.out.printf(
            "%-32s gather>=%-10d buffers=%-5d encode %.3f CPU s/GB (%.0f MB/s) + write %.3f;"
                + " decode %.3f, verify %.3f; garbage %d KB, footer %d KB%n",
            name,
            gatherSizeMin,
            object.body().buffers().length,
            encode / 1e9 / gigabytes,
            gigabytes * 1024 / (encode / 1e9),
            write / 1e9 / gigabytes,
            decode / 1e9 / gigabytes,
            verify / 1e9 / gigabytes,
            garbage >> 10,
            (object.body().length() - OBJECT_SIZE) >> 10);
      }
    }
  }

  private static EncodedObject encode(Input input, SortedObjectOptions options) {
    SortedObjectWriter writer = new SortedObjectWriter(WAL, options);
    for (int p = 0; p < input.partitions.size(); p++) {
      writer.beginSection(input.partitions.get(p));
      for (Batch batch : input.batches.get(p)) {
        writer.add(batch.slab, batch.position, batch.length);
      }
    }
    return writer.finish();
  }

  private static void verify(SortedObject object, ByteBuffer bytes) {
    for (Section section : object.sections()) {
      for (Block block : section.blocks()) {
        SortedObjectReader.verifyBlock(
            object.key(), block, bytes.slice((int) block.position(), block.length()));
      }
    }
  }

  private static void write(FileChannel channel, ObjectBody body) throws IOException {
    channel.position(0);
    ByteBuffer[] buffers = body.buffers();
    long left = body.length();
    int first = 0;
    while (left > 0) {
      while (!buffers[first].hasRemaining()) {
        first++;
      }
      left -= channel.write(buffers, first, buffers.length - first);
    }
  }

  /** Batches in arrival order in slabs of 4 MB, one of each partition after the other. */
  private static Input input(int batchSize, int partitions) {
    SplittableRandom random = new SplittableRandom(1);
    List<PartitionId> ids = new ArrayList<>();
    List<List<Batch>> batches = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      ids.add(new PartitionId(new UUID(random.nextLong(), random.nextLong()), p));
      batches.add(new ArrayList<>());
    }
    Collections.sort(ids);
    ByteBuffer slab = ByteBuffer.allocateDirect(4 << 20);
    for (int i = 0; i < OBJECT_SIZE / batchSize; i++) {
      int position = slab.position();
      List<Batch> ofPartition = batches.get(i % partitions);
      TestBatch.at(ofPartition.size()).size(batchSize, random).writeTo(slab);
      ofPartition.add(new Batch(slab, position, batchSize));
    }
    return new Input(ids, batches);
  }

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long allocatedBytes() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
