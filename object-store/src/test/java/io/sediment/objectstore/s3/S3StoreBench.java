package io.sediment.objectstore.s3;

import com.sun.management.OperatingSystemMXBean;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Await;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;

/**
 * What the S3 store costs: MB/s and CPU seconds of this process per GB, for puts of 2 and 8 MB from
 * direct memory and for ranged gets of 1 MB. Start {@link S3LoopbackServer} as a process of its
 * own, so that its CPU is not in the figure (its use of the same cores is in the MB/s).
 *
 * <p>Arguments in pairs: {@code --server} URL, {@code --megabytes} per measurement.
 */
final class S3StoreBench {
  private static final int IN_FLIGHT = 4;

  private final ObjectStore store;
  private final long megabytes;
  private int names;

  private S3StoreBench(ObjectStore store, long megabytes) {
    this.store = store;
    this.megabytes = megabytes;
  }

  public static void main(String[] arguments) {
    Map<String, String> options = S3LoopbackServer.options(arguments);
    URI server = URI.create(options.getOrDefault("--server", "http://127.0.0.1:9000"));
    long megabytes = Long.parseLong(options.getOrDefault("--megabytes", "1000"));
    S3StoreConfig base =
        S3StoreConfig.of(S3LoopbackServer.BUCKET, S3LoopbackServer.REGION).withEndpoint(server);
    Map<String, S3StoreConfig> configs =
        Map.of(
            "1 crc32c, unsigned (default)",
            base,
            "2 no checksum, unsigned",
            base.withDialect(S3StoreConfig.ChecksumMode.WHEN_REQUIRED, true),
            "3 no checksum, sha-256 signed",
            base.withDialect(S3StoreConfig.ChecksumMode.WHEN_REQUIRED, false));
    for (int round = 0; round < 3; round++) { // the first warms up
      for (String name : configs.keySet().stream().sorted().toList()) {
        S3StoreConfig config = configs.get(name).withKeyPrefix("bench-" + round + name.charAt(0));
        try (ObjectStore store = S3LoopbackServer.open(config)) {
          new S3StoreBench(store, round == 0 ? megabytes / 4 : megabytes)
              .run("round " + round + ", " + name);
        }
      }
    }
  }

  private void run(String label) {
    ByteBuffer memory = ByteBuffer.allocateDirect(8 << 20);
    Random random = new Random(1);
    while (memory.hasRemaining()) {
      memory.putLong(random.nextLong());
    }
    memory.flip();
    for (int size : new int[] {2 << 20, 8 << 20}) {
      ObjectBody body = ObjectBody.of(memory.slice(0, size));
      measure(label + ", put " + (size >> 20) + " MB", size, i -> put(body));
    }
    ObjectKey key = new ObjectKey("read");
    Await.result(store.putIfAbsent(key, ObjectBody.of(memory.slice(0, 8 << 20))));
    measure(
        label + ", get 1 MB",
        1 << 20,
        i -> store.get(key, ByteRange.of((long) (i % 8) << 20, 1 << 20)));
  }

  private CompletableFuture<?> put(ObjectBody body) {
    ObjectKey key = new ObjectKey("o/" + names++);
    return store.putIfAbsent(key, body).thenCompose(created -> store.delete(List.of(key)));
  }

  private void measure(String label, int bytes, IntFunction<CompletableFuture<?>> call) {
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long calls = (megabytes << 20) / bytes;
    long cpu = process.getProcessCpuTime();
    long start = System.nanoTime();
    ArrayDeque<CompletableFuture<?>> open = new ArrayDeque<>();
    for (int i = 0; i < calls; i++) {
      if (open.size() == IN_FLIGHT) {
        Await.result(open.poll());
      }
      open.add(call.apply(i));
    }
    open.forEach(Await::result);
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpuSeconds = (process.getProcessCpuTime() - cpu) / 1e9;
    double gigabytes = calls * (double) bytes / (1 << 30);
    System.out.printf(
        Locale.ROOT,
        "%-60s %7.0f MB/s %6.2f client CPU s/GB%n",
        label,
        gigabytes * 1024 / seconds,
        cpuSeconds / gigabytes);
  }
}
