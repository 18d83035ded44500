package io.sediment.frontend.net;

import io.netty.buffer.ByteBuf;
import io.sediment.frontend.handler.ClientInfo;
import io.sediment.frontend.handler.RequestContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way to a handler and one response on its way back.
 *
 * <p>The handler writes its wishes here from any thread and completes last; the completion is
 * published through {@code finished}, after which the event loop reads them.
 */
final class Exchange implements RequestContext {
  private static final Logger log = LoggerFactory.getLogger(Exchange.class);

  private final Connection connection;
  private final RequestHeader header;
  private final AbstractRequest request;
  private final ByteBuf frame;
  private final int frameBytes;
  final long arrivedNanos;

  private final AtomicBoolean bodyConsumed = new AtomicBoolean();
  private final AtomicInteger throttleMs = new AtomicInteger();
  private final List<AutoCloseable> pinned = new ArrayList<>(1); // guarded by itself
  private @Nullable CompletionStage<?> hold; // event loop, while handle() runs
  private volatile boolean noResponse;
  private volatile @Nullable String closeReason;

  // Written once, before finished.
  private @Nullable ApiMessage response;
  private @Nullable Throwable failure;
  private volatile boolean finished;

  Exchange(
      Connection connection,
      RequestHeader header,
      AbstractRequest request,
      ByteBuf frame,
      int frameBytes,
      long arrivedNanos) {
    this.connection = connection;
    this.header = header;
    this.request = request;
    this.frame = frame;
    this.frameBytes = frameBytes;
    this.arrivedNanos = arrivedNanos;
  }

  AbstractRequest request() {
    return request;
  }

  int frameBytes() {
    return frameBytes;
  }

  /** Called once, from any thread, when the handler's future completes. */
  void finish(@Nullable ApiMessage message, @Nullable Throwable failed) {
    response = message;
    failure = failed;
    finished = true;
    connection.finished(this);
  }

  boolean isFinished() {
    return finished;
  }

  @Nullable ApiMessage response() {
    return response;
  }

  @Nullable Throwable failure() {
    return failure;
  }

  boolean wantsNoResponse() {
    return noResponse;
  }

  @Nullable String closeReason() {
    return closeReason;
  }

  int throttleMs() {
    return throttleMs.get();
  }

  @Nullable CompletionStage<?> hold() {
    return hold;
  }

  /** Lets go of request and response memory; for the event loop, when all is over. Idempotent. */
  void release() {
    bodyConsumed();
    List<AutoCloseable> all;
    synchronized (pinned) {
      all = List.copyOf(pinned);
      pinned.clear();
    }
    for (AutoCloseable one : all) {
      try {
        one.close();
      } catch (Exception e) {
        log.error("could not let go of response memory: {}", header, e);
      }
    }
  }

  @Override
  public RequestHeader header() {
    return header;
  }

  @Override
  public ClientInfo client() {
    return connection.client();
  }

  @Override
  public Executor networkThread() {
    return connection;
  }

  @Override
  public void holdUntil(CompletionStage<?> accepted) {
    hold = accepted;
  }

  @Override
  public void bodyConsumed() {
    if (bodyConsumed.compareAndSet(false, true)) {
      frame.release();
      connection.memory().releaseFrame(frameBytes);
    }
  }

  @Override
  public void closeAfterResponse(AutoCloseable closeable) {
    synchronized (pinned) {
      pinned.add(closeable);
    }
  }

  @Override
  public void throttle(int wantedMs) {
    throttleMs.accumulateAndGet(wantedMs, Math::max);
  }

  @Override
  public void sendNoResponse() {
    noResponse = true;
  }

  @Override
  public void closeConnection(String why) {
    closeReason = why;
  }

  @Override
  public void nameSoftware(String name, String version) {
    connection.nameSoftware(name, version);
  }
}
