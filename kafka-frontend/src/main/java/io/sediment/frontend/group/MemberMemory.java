package io.sediment.frontend.group;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.runtime.Ticker;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what members of groups make the coordinator keep in memory: what they say when they join,
 * and the assignments that leaders hand in. Kafka's coordinator keeps that for as long as a member
 * has not left and its session lasts, in any number of groups.
 *
 * <p>It does not tell when it forgets a member, so that is reckoned from outside: a member is
 * counted until it leaves or has not been heard of for its session. Who asks for no more than it
 * has is never refused, nor is anybody in order to make room. Members that a takeover loaded count
 * from when they join anew. Any thread.
 */
final class MemberMemory {
  /** What a member takes besides what it says. */
  static final long MEMBER_BYTES = 1 << 10;

  private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PRESSED_SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** So much later than it could, a member is forgotten: the coordinator's timers are not exact. */
  private static final long SLACK_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The epoch of a member that leaves for good. */
  private static final int LEAVES = -1;

  /** What is kept of whom. */
  private record Key(String group, String member, Kind kind) {}

  private enum Kind {
    MEMBER,
    /** Of a member that the coordinator is about to name. */
    NAMELESS,
    ASSIGNMENTS
  }

  private static final class Holding {
    private final long bytes;
    private final long keepNanos;
    private long heardNanos;
    private boolean pending; // is kept until there is an answer

    Holding(long bytes, long keepNanos, long heardNanos, boolean pending) {
      this.bytes = bytes;
      this.keepNanos = keepNanos;
      this.heardNanos = heardNanos;
      this.pending = pending;
    }

    boolean isOver(long nowNanos) {
      return !pending && nowNanos - heardNanos > keepNanos + SLACK_NANOS;
    }
  }

  /**
   * What became of a request.
   *
   * @param member who the member is from now on
   */
  record Answer(short errorCode, String member) {}

  private final long bytesMax;
  private final Ticker ticker;
  private final Counter refusals;
  private final AtomicLong nameless = new AtomicLong();
  private final Map<Key, Holding> holdings = new HashMap<>(); // guarded by this
  private long bytes; // guarded by this
  private long sweptNanos; // guarded by this

  MemberMemory(long bytesMax, Ticker ticker, MeterRegistry meters) {
    this.bytesMax = bytesMax;
    this.ticker = ticker;
    this.sweptNanos = ticker.nanoTime();
    this.refusals = Counter.builder("kafka.group.members.refused").register(meters);
    Gauge.builder("kafka.group.members.memory", this, MemberMemory::bytes)
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("kafka.group.members.memory.max", () -> bytesMax)
        .baseUnit("bytes")
        .register(meters);
  }

  /** About as much as the coordinator may keep of a request. */
  static long sizeOf(ApiMessage request, RequestContext context) {
    return request.size(new ObjectSerializationCache(), context.apiVersion())
        + (long) context.clientId().length();
  }

  /** What is reckoned to be kept, now. */
  synchronized long bytes() {
    sweep(ticker.nanoTime(), PRESSED_SWEEP_NANOS);
    return bytes;
  }

  /**
   * Makes a request with which a member joins, or says something else about itself.
   *
   * @param member empty where the coordinator is to name it
   * @param saidBytes what it says
   * @param keepMs its session
   * @throws CoordinatorNotAvailableException where there is no memory for it; clients ask again
   */
  <R> CompletableFuture<R> join(
      String group,
      String member,
      long saidBytes,
      long keepMs,
      Supplier<CompletableFuture<R>> request,
      Function<R, Answer> answer) {
    Key key =
        member.isEmpty()
            ? new Key(group, Long.toString(nameless.incrementAndGet()), Kind.NAMELESS)
            : new Key(group, member, Kind.MEMBER);
    return keep(
        key, MEMBER_BYTES + saidBytes, TimeUnit.MILLISECONDS.toNanos(keepMs), request, answer);
  }

  /**
   * Makes a heartbeat of a group whose members say with it what they want and have. What one says
   * once it is a member only counts where it is more than before. Otherwise like {@link #join}.
   */
  <R> CompletableFuture<R> heartbeat(
      String group,
      String member,
      int memberEpoch,
      long saidBytes,
      long keepMs,
      Supplier<CompletableFuture<R>> request,
      Function<R, Answer> answer) {
    if (memberEpoch == 0 || (memberEpoch > 0 && isMore(group, member, saidBytes))) {
      return join(group, member, saidBytes, keepMs, request, answer);
    }
    if (memberEpoch != LEAVES) {
      heard(group, member);
      return request.get();
    }
    return request
        .get()
        .whenComplete(
            (response, failure) -> {
              if (failure == null && answer.apply(response).errorCode == Errors.NONE.code()) {
                left(group, member);
              }
            });
  }

  private synchronized boolean isMore(String group, String member, long saidBytes) {
    Holding holding = holdings.get(new Key(group, member, Kind.MEMBER));
    return saidBytes > (holding == null ? MEMBER_BYTES : holding.bytes - MEMBER_BYTES);
  }

  /** Makes a request with which a leader hands in assignments. Otherwise like {@link #join}. */
  <R> CompletableFuture<R> assign(
      String group,
      String leader,
      long assignedBytes,
      Supplier<CompletableFuture<R>> request,
      Function<R, Short> errorCode) {
    heard(group, leader);
    if (assignedBytes == 0) {
      return request.get();
    }
    return keep(
        new Key(group, leader, Kind.ASSIGNMENTS),
        assignedBytes,
        keepNanosOf(group, leader),
        request,
        response -> new Answer(errorCode.apply(response), leader));
  }

  private synchronized long keepNanosOf(String group, String member) {
    Holding holding = holdings.get(new Key(group, member, Kind.MEMBER));
    return holding == null ? 0 : holding.keepNanos;
  }

  private <R> CompletableFuture<R> keep(
      Key key,
      long wantedBytes,
      long keepNanos,
      Supplier<CompletableFuture<R>> request,
      Function<R, Answer> answer) {
    Holding wanted = new Holding(wantedBytes, keepNanos, ticker.nanoTime(), true);
    Holding before = take(key, wanted);
    CompletableFuture<R> response;
    try {
      response = request.get();
    } catch (RuntimeException e) {
      settle(key, wanted, before, null);
      throw e;
    }
    return response.whenComplete(
        (result, failure) ->
            settle(key, wanted, before, failure == null ? answer.apply(result) : null));
  }

  private synchronized @Nullable Holding take(Key key, Holding wanted) {
    Holding before = holdings.get(key);
    long more = wanted.bytes - (before == null ? 0 : before.bytes);
    boolean lacks = more > 0 && bytes + more > bytesMax;
    sweep(wanted.heardNanos, lacks ? PRESSED_SWEEP_NANOS : SWEEP_NANOS);
    if (more > 0 && bytes + more > bytesMax) {
      refusals.increment();
      throw new CoordinatorNotAvailableException(
          "no memory for another member of a group: bytes=" + bytes + " max=" + bytesMax);
    }
    put(key, wanted);
    return before;
  }

  private synchronized void settle(
      Key key, Holding wanted, @Nullable Holding before, @Nullable Answer answer) {
    if (holdings.get(key) != wanted) {
      return; // asked for anew, or let go, meanwhile
    }
    long nowNanos = ticker.nanoTime();
    Errors error = answer == null ? Errors.UNKNOWN_SERVER_ERROR : Errors.forCode(answer.errorCode);
    put(key, null);
    if (answer != null && (error == Errors.NONE || error == Errors.MEMBER_ID_REQUIRED)) {
      Kind kind = key.kind == Kind.NAMELESS ? Kind.MEMBER : key.kind;
      put(
          new Key(key.group, answer.member, kind),
          new Holding(
              error == Errors.NONE ? wanted.bytes : MEMBER_BYTES,
              wanted.keepNanos,
              nowNanos,
              false));
    } else if (before != null) {
      before.pending = false;
      put(key, before);
    }
  }

  /** A member has shown that it is alive. */
  synchronized void heard(String group, String member) {
    for (Kind kind : Kind.values()) {
      Holding holding = holdings.get(new Key(group, member, kind));
      if (holding != null) {
        holding.heardNanos = ticker.nanoTime();
      }
    }
  }

  /** A member has left. */
  synchronized void left(String group, String member) {
    for (Kind kind : Kind.values()) {
      put(new Key(group, member, kind), null);
    }
  }

  private void put(Key key, @Nullable Holding holding) {
    Holding before = holding == null ? holdings.remove(key) : holdings.put(key, holding);
    bytes += (holding == null ? 0 : holding.bytes) - (before == null ? 0 : before.bytes);
  }

  private void sweep(long nowNanos, long atLeastNanos) {
    if (nowNanos - sweptNanos < atLeastNanos) {
      return;
    }
    sweptNanos = nowNanos;
    holdings
        .values()
        .removeIf(
            holding -> {
              boolean over = holding.isOver(nowNanos);
              bytes -= over ? holding.bytes : 0;
              return over;
            });
  }
}
