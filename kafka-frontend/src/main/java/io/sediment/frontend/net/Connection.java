package io.sediment.frontend.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.ClientInfo;
import io.sediment.runtime.Failures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.network.Send;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.SendBuilder;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: frames in, requests to handlers in arrival order, responses out in the
 * same order.
 *
 * <p>Three queues stand between the socket and the answer. Whole frames that may not be handled yet
 * wait in {@code backlog}; requests being handled, or answered out of turn, wait in {@code
 * underWay}; responses wait in Netty's outbound buffer. Reading stops while any of them is at its
 * bound, so a client that sends faster than it is served, or does not read its answers, is slowed
 * by TCP and holds nobody else up.
 *
 * <p>All fields belong to the event loop. Handlers complete on any thread and are brought here by
 * one scheduled {@code drain} for however many of them finished meanwhile.
 */
final class Connection extends ChannelInboundHandlerAdapter
    implements Executor, RequestMemory.Waiter {
  private static final Logger log = LoggerFactory.getLogger(Connection.class);

  /**
   * Of requests without records, which are parsed into objects many times their size: a frame of
   * 100 MB could take all of a small heap. A hundred thousand partitions fit.
   */
  private static final int OBJECT_FRAME_BYTES_MAX = 8 << 20;

  /** A favoured connection brings the rest of its frame in so many waits for memory. */
  private static final int FAVOUR_WAITS = 8;

  private record Frame(ByteBuf body, long arrivedNanos) {
    int sizeInBytes() {
      return FrameReader.SIZE_BYTES + body.readableBytes();
    }
  }

  private final BrokerServer server;
  private final Channel channel;
  private final FrameReader reader;
  private volatile ClientInfo client; // written by the event loop

  private final ArrayDeque<Frame> backlog = new ArrayDeque<>();
  private final ArrayDeque<Exchange> underWay = new ArrayDeque<>();
  private final AtomicBoolean drainScheduled = new AtomicBoolean();
  private int unansweredBytes;
  private boolean held;
  private boolean muted;
  private boolean overLimit;
  private boolean outOfMemory;
  private boolean favoured;
  private int favours;
  private long arrivedBytes;
  private boolean handling;
  private boolean unflushed;
  private boolean closing;
  private boolean closed;

  Connection(BrokerServer server, Channel channel, ClientInfo client) {
    this.server = server;
    this.channel = channel;
    this.client = client;
    this.reader = new FrameReader(server.config().frameBytesMax());
    channel.config().setRecvByteBufAllocator(new ReceiveAllocator(reader, this::bytesArrived));
  }

  ClientInfo client() {
    return client;
  }

  RequestMemory memory() {
    return server.memory();
  }

  void nameSoftware(String name, String version) {
    client = client.withSoftware(name, version);
  }

  /** As an executor this is the connection's event loop. */
  @Override
  public void execute(Runnable task) {
    try {
      channel.eventLoop().execute(task);
    } catch (RejectedExecutionException e) {
      // The server is gone and with it every connection; what is left to do is only letting go of
      // memory, which any thread may.
      task.run();
    }
  }

  // Bytes in.

  private void bytesArrived(int bytes) {
    server.metrics().bytesIn.increment(bytes);
    arrivedBytes += bytes;
    if (!memory().arrived(bytes)) {
      overLimit = true;
    }
  }

  private void stopWhereOverLimit() {
    if (overLimit && !favoured && !outOfMemory) {
      outOfMemory = true;
      memory().await(this, reader.pendingBytes() > 0);
    }
    overLimit = false;
  }

  @Override
  public void onRoom() {
    execute(
        () -> {
          outOfMemory = false;
          updateReading();
        });
  }

  @Override
  public void onFavour() {
    execute(
        () -> {
          outOfMemory = false;
          favoured = true;
          if (closed) {
            endFavour();
          } else {
            updateReading();
            int missing = reader.missingBytes();
            expectMore(++favours, arrivedBytes, (missing + FAVOUR_WAITS - 1) / FAVOUR_WAITS);
          }
        });
  }

  /**
   * Whoever is favoured has to send, and not by drops: the others wait for it. One that does not
   * read now for another reason goes to the end of the queue.
   *
   * @param share what has to arrive in each wait, so that the favour ends by its number
   */
  private void expectMore(int favour, long arrivedBefore, int share) {
    channel
        .eventLoop()
        .schedule(
            () -> {
              if (!favoured || favour != favours) {
                return;
              }
              long arrived = arrivedBytes - arrivedBefore;
              if (arrived >= share) {
                expectMore(favour, arrivedBytes, share);
              } else if (reader.pendingBytes() > 0 && channel.config().isAutoRead()) {
                close(
                    "request memory is used up: waited="
                        + server.config().memoryWait()
                        + " arrived="
                        + arrived
                        + " expected="
                        + share);
              } else {
                endFavour();
                overLimit = reader.pendingBytes() > 0;
                stopWhereOverLimit();
                updateReading();
              }
            },
            server.config().memoryWait().toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void endFavour() {
    if (favoured) {
      favoured = false;
      memory().endFavour();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ReferenceCountUtil.release(message); // the reader has its own reference to the same buffer
    if (closed) {
      return;
    }
    try {
      for (ByteBuf body = reader.next(); body != null; body = reader.next()) {
        Frame frame = new Frame(body, server.ticker().nanoTime());
        memory().becameFrame(frame.sizeInBytes());
        endFavour();
        unansweredBytes += frame.sizeInBytes();
        backlog.add(frame);
      }
    } catch (InvalidFrameException e) {
      server.metrics().malformedRequest();
      close(String.valueOf(e.getMessage()));
      return;
    }
    stopWhereOverLimit();
    handleBacklog();
  }

  /** Does all that can be done now: answers, then requests, as long as one makes room for more. */
  private void handleBacklog() {
    if (handling) {
      return;
    }
    handling = true;
    drain();
    while (!backlog.isEmpty() && mayHandle()) {
      handleNext();
      drain(); // what is answered already counts as written before the next one is looked at
    }
    handling = false;
    if (unflushed) {
      unflushed = false;
      channel.flush();
    }
    if (closing && underWay.isEmpty()) {
      closeQuietly();
    }
    updateReading();
  }

  private void handleNext() {
    Frame frame = backlog.remove();
    try {
      handle(frame);
    } catch (RuntimeException e) { // only the parsing of what a client sent can do this
      letGo(frame);
      server.metrics().malformedRequest();
      close("malformed request: " + (e.getMessage() == null ? e : e.getMessage()));
    }
  }

  private void letGo(Frame frame) {
    memory().releaseFrame(frame.sizeInBytes());
    frame.body().release();
  }

  private boolean mayHandle() {
    return !held
        && !muted
        && !closing
        && channel.isWritable()
        && underWay.size() < server.config().pipelineRequestsMax();
  }

  /**
   * Goes on reading behind a request that holds the others, or nobody would notice that the client
   * has left.
   */
  private void updateReading() {
    boolean read =
        !closed
            && !closing
            && !outOfMemory
            && !muted
            && channel.isWritable()
            && backlog.size() + underWay.size() < server.config().pipelineRequestsMax()
            && unansweredBytes < server.pipelineBytesMax();
    if (channel.config().isAutoRead() != read) {
      channel.config().setAutoRead(read);
    }
  }

  // Requests.

  private void handle(Frame frame) {
    ByteBuf body = frame.body();
    int frameBytes = frame.sizeInBytes();
    ByteBuffer bytes = body.nioBuffer();
    RequestHeader header = RequestHeader.parse(bytes);
    ApiHandler<ApiMessage, ApiMessage> handler = server.handlers().handlerOf(header.apiKey());
    AbstractRequest request;
    if (header.apiKey() == ApiKeys.API_VERSIONS && !header.isApiVersionSupported()) {
      // The one request whose future versions must be answered, in the body of version 0.
      request =
          new ApiVersionsRequest(new ApiVersionsRequestData(), (short) 0, header.apiVersion());
    } else if (handler == null) {
      throw new InvalidFrameException("UNSUPPORTED_VERSION: " + header.apiKey() + " is not served");
    } else if (!handler.versions().contains(header.apiVersion())) {
      throw new InvalidFrameException(
          "UNSUPPORTED_VERSION: "
              + header.apiKey()
              + " version="
              + header.apiVersion()
              + " served="
              + handler.versions());
    } else if (header.apiKey() != ApiKeys.PRODUCE && frameBytes > OBJECT_FRAME_BYTES_MAX) {
      throw new InvalidFrameException(
          header.apiKey() + " too large: size=" + frameBytes + " max=" + OBJECT_FRAME_BYTES_MAX);
    } else {
      request =
          AbstractRequest.parseRequest(
                  header.apiKey(), header.apiVersion(), new ByteBufferAccessor(bytes))
              .request;
    }
    Exchange exchange = new Exchange(this, header, request, body, frameBytes, frame.arrivedNanos());
    underWay.add(exchange);
    if (header.apiKey() != ApiKeys.PRODUCE) {
      exchange.bodyConsumed(); // only records are views into the frame; all else was copied out
    }
    call(handler, exchange);
    CompletionStage<?> hold = exchange.hold();
    if (hold != null && !hold.toCompletableFuture().isDone()) {
      held = true;
      hold.whenComplete((done, failure) -> execute(this::unhold));
    }
  }

  private void unhold() {
    held = false;
    handleBacklog();
  }

  private void call(@Nullable ApiHandler<ApiMessage, ApiMessage> handler, Exchange exchange) {
    if (handler == null) {
      exchange.finish(null, new IllegalStateException("no handler for ApiVersions"));
      return;
    }
    try {
      ApiMessage data = (ApiMessage) exchange.request().data();
      handler.handle(exchange, data).whenComplete(exchange::finish);
    } catch (RuntimeException e) {
      exchange.finish(null, e);
    }
  }

  // Responses.

  /** Any thread: {@code exchange} has its outcome. */
  void finished(Exchange exchange) {
    if (channel.eventLoop().inEventLoop()) {
      handleBacklog();
    } else if (drainScheduled.compareAndSet(false, true)) {
      execute(this::scheduledDrain);
    }
  }

  private void scheduledDrain() {
    drainScheduled.set(false);
    handleBacklog();
  }

  /** Writes the responses whose turn has come. */
  private void drain() {
    if (closed) {
      discardFinished();
      return;
    }
    while (!underWay.isEmpty() && underWay.peek().isFinished() && !closed) {
      Exchange exchange = underWay.remove();
      unansweredBytes -= exchange.frameBytes();
      respond(exchange);
    }
  }

  private void respond(Exchange exchange) {
    RequestHeader header = exchange.header();
    String closeReason = exchange.closeReason();
    if (closeReason != null) {
      exchange.release();
      close(closeReason);
      return;
    }
    if (exchange.wantsNoResponse() && exchange.failure() == null) {
      exchange.release();
      server.metrics().answered(header, server.ticker().nanoTime() - exchange.arrivedNanos);
      return;
    }
    ResponseGatherer response;
    try {
      response = ResponseGatherer.gather(serialize(exchange));
    } catch (RuntimeException e) {
      exchange.release();
      server.metrics().handlerFailures.increment();
      server.limitedLog().error(named("closing connection, no response for", header), e);
      closeQuietly();
      return;
    }
    List<Object> pieces = response.pieces();
    int last = pieces.size() - 1;
    for (int i = 0; i <= last; i++) {
      if (i < last) {
        channel.write(pieces.get(i), channel.voidPromise());
      } else {
        // Writes complete in order, failed ones included, so the last one speaks for all.
        ChannelFuture written = channel.write(pieces.get(i));
        written.addListener(done -> exchange.release());
      }
    }
    unflushed = true;
    server.metrics().bytesOut.increment(response.sizeBytes());
    server.metrics().answered(header, server.ticker().nanoTime() - exchange.arrivedNanos);
    if (exchange.throttleMs() > 0) {
      mute(exchange.throttleMs());
    }
  }

  private Send serialize(Exchange exchange) {
    RequestHeader header = exchange.header();
    short version = exchange.request().version();
    ApiMessage message = exchange.response();
    Throwable failure = exchange.failure();
    if (failure != null || message == null) {
      Throwable cause =
          failure != null
              ? Failures.causeOf(failure)
              : new IllegalStateException("handler answered null");
      if (!(cause instanceof ApiException)) {
        server.metrics().handlerFailures.increment();
        server.limitedLog().error(named("request failed:", header), cause);
      }
      message = (ApiMessage) exchange.request().getErrorResponse(0, cause).data();
    }
    return SendBuilder.buildResponseSend(header.toResponseHeader(), message, version);
  }

  /** Without what the client chose, which could be of any length. */
  private String named(String what, RequestHeader header) {
    return what + " " + header.apiKey() + " version=" + header.apiVersion() + " from " + client;
  }

  private void mute(int throttleMs) {
    muted = true;
    channel.eventLoop().schedule(this::unmute, throttleMs, TimeUnit.MILLISECONDS);
  }

  private void unmute() {
    muted = false;
    handleBacklog();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    handleBacklog();
  }

  // The end.

  /** Lets what is under way be answered, reads nothing more, then closes. Any thread. */
  void closeWhenIdle() {
    execute(
        () -> {
          closing = true;
          handleBacklog();
        });
  }

  private void close(String why) {
    if (!closed) {
      server.limitedLog().warn("closing connection " + client + ": " + why);
      closeQuietly();
    }
  }

  void closeQuietly() {
    channel.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closed = true;
    server.connectionClosed(this);
    for (Frame frame : backlog) {
      letGo(frame);
    }
    backlog.clear();
    memory().releasePartial(reader.pendingBytes());
    reader.close();
    endFavour();
    discardFinished();
  }

  /** Of a closed connection: handlers still at work keep their exchange until they complete. */
  private void discardFinished() {
    for (Iterator<Exchange> all = underWay.iterator(); all.hasNext(); ) {
      Exchange exchange = all.next();
      if (exchange.isFinished()) {
        exchange.release();
        all.remove();
      }
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent && (underWay.isEmpty() || !channel.isWritable())) {
      log.debug("closing idle connection {}", client);
      closeQuietly();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      log.debug("connection {} failed", client, cause); // clients come and go
    } else {
      server.limitedLog().error("connection " + client + " failed", cause);
    }
    closeQuietly();
  }
}
