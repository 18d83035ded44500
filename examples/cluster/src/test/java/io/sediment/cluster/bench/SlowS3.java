package io.sediment.cluster.bench;

import io.sediment.objectstore.s3.AnswerDelay;
import io.sediment.objectstore.s3.FaultProxy;
import io.sediment.objectstore.s3.ProxyFault;
import io.sediment.objectstore.s3.S3LoopbackServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An S3 server on loopback that takes as long to answer as S3 Standard, counts its requests, and
 * sits on the answer to one put of a WAL object when asked to.
 */
final class SlowS3 implements AutoCloseable {
  private static final String WAL_FOLDER = "/wal/";

  private final S3LoopbackServer server;
  private final FaultProxy proxy;
  private final AtomicInteger walPuts = new AtomicInteger();
  private final AtomicInteger gets = new AtomicInteger();
  private final AtomicBoolean stallNext = new AtomicBoolean();
  private volatile Duration stall = Duration.ZERO;

  SlowS3(Path folder, long seed) {
    this.server = S3LoopbackServer.onFolder(folder);
    this.proxy = FaultProxy.start(server.endpoint(), this::fault, AnswerDelay.likeS3Standard(seed));
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
    if (!method.equals("PUT") || !target.contains(WAL_FOLDER)) {
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

  /** The next put of a WAL object gets its answer only after {@code time}. */
  void stallNextPut(Duration time) {
    stall = time;
    stallNext.set(true);
  }

  /** WAL objects put so far, hedges included. */
  int walPuts() {
    return walPuts.get();
  }

  int gets() {
    return gets.get();
  }

  @Override
  public void close() {
    proxy.close();
    server.close();
  }
}
