package io.sediment.cluster.bench;

import io.sediment.objectstore.s3.AnswerDelay;
import io.sediment.objectstore.s3.FaultProxy;
import io.sediment.objectstore.s3.ProxyFault;
import io.sediment.objectstore.s3.S3LoopbackServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An S3 server on loopback that takes as long to answer as S3 Standard, counts its requests, and
 * sits on answers when asked to: on that to one put of a WAL object, or on all of compaction's.
 *
 * <p>It is two servers on one folder, one for the log's objects, and one for all others that runs
 * as a process of its own and gives way: what large objects take of the processor is the bench's
 * and must not be in the log's times.
 */
final class SlowS3 implements AutoCloseable {
  private static final String WAL_FOLDER = "/wal/";

  private final S3LoopbackServer logServer;
  private final ServerProcess otherServer;
  private final FaultProxy proxy;
  private final LogDelays delays;
  private static final Pattern ENDPOINT = Pattern.compile("ready endpoint=(\\S+)");

  private final AtomicInteger walPuts = new AtomicInteger();
  private final AtomicInteger gets = new AtomicInteger();
  private final AtomicBoolean stallNext = new AtomicBoolean();
  private final List<LogPut> logPuts = new ArrayList<>(); // guarded by itself
  private volatile Duration stall = Duration.ZERO;
  private volatile boolean holdsCompaction;

  /**
   * A put of the log, hedges included.
   *
   * @param answeredAt by {@link System#nanoTime()}
   * @param answerNanos from the request to its answer
   * @param lateNanos how much of that this store took beyond what it was to take
   */
  record LogPut(long answeredAt, long answerNanos, long lateNanos) {}

  /**
   * @param dir for what the other server prints
   */
  SlowS3(String java, Path folder, Path dir, long seed) throws IOException, InterruptedException {
    this.logServer = S3LoopbackServer.onFolder(folder);
    Path output = dir.resolve("s3.log");
    this.otherServer = ServerProcess.start(otherServer(java, folder), Map.of(), output, "bucket=");
    URI others = endpoint(Files.readString(output));
    this.delays = new LogDelays(seed);
    this.proxy =
        FaultProxy.start(
            target -> target.contains(WAL_FOLDER) ? logServer.endpoint() : others,
            this::fault,
            delays,
            this::answered);
  }

  /** Has what the log's requests leave of the processor. */
  private static List<String> otherServer(String java, Path folder) {
    List<String> command = new ArrayList<>(List.of("nice", "-n", "5", java, "-Xmx1g"));
    command.addAll(List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(S3LoopbackServer.class.getName(), "--folder", folder.toString()));
    return command;
  }

  private static URI endpoint(String output) {
    Matcher found = ENDPOINT.matcher(output);
    if (!found.find()) {
      throw new IllegalStateException("no endpoint in what the S3 server says: " + output);
    }
    return URI.create(found.group(1));
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

  private void answered(
      String method, String target, Duration delay, Duration serverTime, Duration answerTime) {
    if (isLogPut(method, target)) {
      long now = System.nanoTime();
      LogPut put = new LogPut(now, answerTime.toNanos(), answerTime.minus(delay).toNanos());
      synchronized (logPuts) {
        logPuts.add(put);
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

  /**
   * From now on the log's puts are answered as after any other call with this seed: the next ones
   * alike, and hedges alike, however many there are of them.
   */
  void restartLogDelays(long seed) {
    delays.restart(seed);
  }

  /** Puts of the log that were answered since the last call, in the order of the answers. */
  List<LogPut> takeLogPuts() {
    synchronized (logPuts) {
      List<LogPut> taken = List.copyOf(logPuts);
      logPuts.clear();
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

  @Override
  public void close() throws InterruptedException {
    proxy.close();
    otherServer.kill();
    logServer.close();
  }

  /** Streams of the same kind, so that other requests and hedges change nothing for the log's. */
  private static final class LogDelays implements AnswerDelay {
    private final AnswerDelay others;
    private final Set<String> begun = new HashSet<>(); // log puts, since the restart
    private AnswerDelay log; // guarded by this, as are all
    private AnswerDelay hedges;

    LogDelays(long seed) {
      this.others = AnswerDelay.likeS3Standard(seed + 1);
      this.log = AnswerDelay.likeS3Standard(seed);
      this.hedges = AnswerDelay.likeS3Standard(~seed);
    }

    @Override
    public synchronized Duration next(String method, String target) {
      if (!isLogPut(method, target)) {
        return others.next(method, target);
      }
      return (begun.add(target) ? log : hedges).next(method, target);
    }

    synchronized void restart(long seed) {
      begun.clear();
      log = AnswerDelay.likeS3Standard(seed);
      hedges = AnswerDelay.likeS3Standard(~seed);
    }
  }
}
