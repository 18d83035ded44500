package io.sediment.cluster.bench;

import io.sediment.objectstore.s3.AnswerDelay;
import io.sediment.objectstore.s3.FaultProxy;
import io.sediment.objectstore.s3.ProxyFault;
import io.sediment.objectstore.s3.S3LoopbackServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An S3 server on loopback that takes as long to answer as S3 Standard, counts its requests, and
 * sits on answers when asked to: on that to one put of a WAL object, or on all of compaction's.
 */
final class SlowS3 implements AutoCloseable {
  private static final String WAL_FOLDER = "/wal/";

  private final S3LoopbackServer server;
  private final FaultProxy proxy;
  private final LogDelays delays;
  private final AtomicInteger walPuts = new AtomicInteger();
  private final AtomicInteger gets = new AtomicInteger();
  private final AtomicInteger compactionRequests = new AtomicInteger();
  private final AtomicBoolean stallNext = new AtomicBoolean();
  private final List<Long> walServerNanos = new ArrayList<>(); // guarded by itself
  private volatile Duration stall = Duration.ZERO;
  private volatile boolean holdsCompaction;

  SlowS3(Path folder, long seed) {
    this.server = S3LoopbackServer.onFolder(folder);
    this.delays = new LogDelays(seed);
    this.proxy = FaultProxy.start(server.endpoint(), this::fault, delays, this::answered);
  }

  /** Settings of a broker on this server. */
  Map<String, String> settings() {
    return Map.of(
        "OBJECT_STORE_TYPE", "s3",
        "DATA_PATH", "bench",
        "S3_ENDPOINT", proxy.endpoint().toString(),
        "S3_BUCKET", S3LoopbackServer.BUCKET,
        "AWS_REGION", S3LoopbackServer.REGION,
        "AWS_ACCESS_KEY_ID", S3LoopbackServer.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY", S3LoopbackServer.SECRET_KEY);
  }

  private ProxyFault fault(String method, String target) {
    if (method.equals("GET")) {
      gets.incrementAndGet();
    }
    if (isCompaction(method, target)) {
      compactionRequests.incrementAndGet();
      return holdsCompaction ? ProxyFault.STALL_ANSWER : ProxyFault.NONE;
    }
    if (!isLogPut(method, target)) {
      return ProxyFault.NONE;
    }
    walPuts.incrementAndGet();
    if (!stallNext.compareAndSet(true, false)) {
      return ProxyFault.NONE;
    }
    CompletableFuture.delayedExecutor(stall.toMillis(), TimeUnit.MILLISECONDS)
        .execute(proxy::letGo);
    return ProxyFault.STALL_ANSWER;
  }

  private void answered(String method, String target, Duration serverTime, Duration delay) {
    if (isLogPut(method, target)) {
      synchronized (walServerNanos) {
        walServerNanos.add(serverTime.toNanos());
      }
    }
  }

  private static boolean isLogPut(String method, String target) {
    return method.equals("PUT") && target.contains(WAL_FOLDER);
  }

  /** Of blocks of level 0, which nobody else reads while nobody consumes, and of runs. */
  private static boolean isCompaction(String method, String target) {
    return target.contains(".l1")
        || target.contains(".dir")
        || (method.equals("GET") && target.contains(".l0"));
  }

  /** The next put of a WAL object gets its answer only after {@code time}. */
  void stallNextPut(Duration time) {
    stall = time;
    stallNext.set(true);
  }

  /**
   * From now on compaction gets no answers, so that it waits, for less than its client's timeout.
   */
  void holdCompaction() {
    holdsCompaction = true;
  }

  void letCompactionGo() {
    holdsCompaction = false;
    proxy.letGo();
  }

  /** From now on the log's puts are sat on as they were after the last such call. */
  void repeatLogDelays() {
    delays.repeat();
  }

  /** Answers that the server gave to puts of the log since the last call: how long each took. */
  long[] takeLogServerNanos() {
    synchronized (walServerNanos) {
      long[] taken = walServerNanos.stream().mapToLong(Long::longValue).sorted().toArray();
      walServerNanos.clear();
      return taken;
    }
  }

  /** WAL objects put so far, hedges included. */
  int walPuts() {
    return walPuts.get();
  }

  int gets() {
    return gets.get();
  }

  int compactionRequests() {
    return compactionRequests.get();
  }

  @Override
  public void close() {
    proxy.close();
    server.close();
  }

  /** Two streams of the same kind, so that other requests change nothing for the log's. */
  private static final class LogDelays implements AnswerDelay {
    private final long seed;
    private final AnswerDelay others;
    private AnswerDelay log; // guarded by this

    LogDelays(long seed) {
      this.seed = seed;
      this.others = AnswerDelay.likeS3Standard(seed + 1);
      this.log = AnswerDelay.likeS3Standard(seed);
    }

    @Override
    public synchronized Duration next(String method, String target) {
      return (isLogPut(method, target) ? log : others).next(method, target);
    }

    synchronized void repeat() {
      log = AnswerDelay.likeS3Standard(seed);
    }
  }
}
