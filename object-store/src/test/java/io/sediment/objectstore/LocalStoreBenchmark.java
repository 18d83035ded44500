package io.sediment.objectstore;

import com.sun.management.OperatingSystemMXBean;
import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What the local store costs: creates of WAL-sized objects with all their syncs, and reads of
 * blocks from the page cache. Run with the test class path: {@code LocalStoreBenchmark <folder>
 * [objects]}; the folder's disk is what is measured.
 */
public final class LocalStoreBenchmark {
  private static final int OBJECT_BYTES = 2 << 20;
  private static final int READERS = 2;

  private LocalStoreBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "local-store-benchmark");
    int objects = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 512;
    ExecutorService commits = NamedThreads.pool("commits", 8);
    ExecutorService reads = NamedThreads.pool("reads", READERS);
    LocalObjectStore store =
        LocalObjectStore.open(
            folder, new LocalObjectStore.Executors(commits, reads, commits), SystemPorts.random());
    try {
      creates(store, "warm-up", objects / 4, 4);
      creates(store, "serial", objects, 1);
      creates(store, "pipelined", objects, 4);
      reads(store, objects, 64, 200_000);
      reads(store, objects, 64 << 10, 30_000);
      reads(store, objects, 256 << 10, 15_000);
      reads(store, objects, 1 << 20, 4_000);
      transfers(store, objects, 256 << 10, 15_000);
      transfers(store, objects, 1 << 20, 4_000);
    } finally {
      Await.result(
          store
              .list("", "", Integer.MAX_VALUE)
              .thenCompose(rows -> store.delete(rows.stream().map(ListedObject::key).toList())));
      store.close();
      commits.shutdown();
      reads.shutdown();
    }
  }

  private static void creates(LocalObjectStore store, String name, int objects, int inFlight) {
    ByteBuffer slab = ByteBuffer.allocateDirect(4 << 20);
    byte[] noise = new byte[slab.capacity()];
    new Random(1).nextBytes(noise);
    slab.put(noise).flip();
    List<ByteBuffer> slices =
        IntStream.range(0, 32).mapToObj(i -> slab.slice(i << 17, OBJECT_BYTES / 32)).toList();
    ObjectBody body = ObjectBody.of(slices);
    run(
        "create 2 MB, " + inFlight + " in flight, " + name,
        objects,
        OBJECT_BYTES,
        inFlight,
        i -> store.putIfAbsent(key(name, i), body));
  }

  private static void reads(LocalObjectStore store, int objects, int length, int count) {
    Random random = new Random(2);
    run(
        "get " + length + " B",
        count,
        length,
        READERS,
        i -> store.get(key("pipelined", random.nextInt(objects)), range(random, length)));
  }

  private static void transfers(LocalObjectStore store, int objects, int length, int count)
      throws IOException {
    Random random = new Random(3);
    try (FileChannel sink = FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE)) {
      run(
          "open range, transfer " + length + " B",
          count,
          length,
          READERS,
          i ->
              store
                  .openRange(
                      key("pipelined", random.nextInt(objects)), range(random, length), file -> {})
                  .thenAccept(found -> transfer(found.orElseThrow(), sink)));
    }
  }

  private static void transfer(FileRange range, FileChannel sink) {
    try (range) {
      range.channel().transferTo(range.position(), range.length(), sink);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ByteRange range(Random random, int length) {
    return ByteRange.of(random.nextInt(OBJECT_BYTES - length), length);
  }

  private static ObjectKey key(String name, int i) {
    return new ObjectKey("bench/" + name + "/" + i);
  }

  private static void run(
      String name, int count, int bytes, int inFlight, IntFunction<CompletableFuture<?>> request) {
    long[] nanos = new long[count];
    Deque<CompletableFuture<?>> open = new ArrayDeque<>();
    List<CompletableFuture<?>> timed = new ArrayList<>();
    long cpuStart = cpuNanos();
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      if (open.size() == inFlight) {
        Await.result(open.remove());
      }
      int number = i;
      long begun = System.nanoTime();
      CompletableFuture<?> one =
          request.apply(i).thenRun(() -> nanos[number] = System.nanoTime() - begun);
      open.add(one);
      timed.add(one);
    }
    timed.forEach(Await::result);
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpuSeconds = (cpuNanos() - cpuStart) / 1e9;
    Arrays.sort(nanos);
    double gb = (double) count * bytes / 1e9;
    System.out.printf(
        "%-40s %8.0f/s %8.1f MB/s  p50 %7.3f ms  p99 %7.3f ms  %7.3f CPU s/GB  %6.1f us CPU each%n",
        name,
        count / seconds,
        gb * 1000 / seconds,
        nanos[count / 2] / 1e6,
        nanos[count * 99 / 100] / 1e6,
        cpuSeconds / gb,
        cpuSeconds * 1e6 / count);
  }

  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
