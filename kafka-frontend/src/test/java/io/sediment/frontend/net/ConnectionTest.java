package io.sediment.frontend.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.HandlerRegistry;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.runtime.Await;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Allowance;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.runtime.SystemPorts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.DescribeClusterRequest;
import org.apache.kafka.common.requests.DescribeClusterResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionTest {
  /** Hands every request to the test, which answers when and how it likes. */
  private static final class Puppet
      implements ApiHandler<DescribeClusterRequestData, DescribeClusterResponseData> {
    record Call(RequestContext context, CompletableFuture<DescribeClusterResponseData> answer) {
      void answer(String clusterId) {
        answer.complete(new DescribeClusterResponseData().setClusterId(clusterId));
      }
    }

    final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    private volatile CompletableFuture<Void> hold = CompletableFuture.completedFuture(null);

    @Override
    public ApiKeys key() {
      return ApiKeys.DESCRIBE_CLUSTER;
    }

    @Override
    public CompletableFuture<DescribeClusterResponseData> handle(
        RequestContext context, DescribeClusterRequestData request) {
      if (!hold.isDone()) {
        context.holdUntil(hold);
      }
      Call call = new Call(context, new CompletableFuture<>());
      calls.add(call);
      return call.answer();
    }

    Call next() throws InterruptedException {
      Call call = calls.poll(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(call).as("a request reached its handler").isNotNull();
      return call;
    }
  }

  private final Puppet puppet = new Puppet();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private MemoryBudget budget = requestsOnly(8 << 20);
  private BrokerServer server = start(UnaryOperator.identity());

  private static MemoryBudget requestsOnly(long bytes) {
    return new MemoryBudget(bytes, Map.of(Share.REQUESTS, new Allowance(bytes, bytes)));
  }

  private BrokerServer start(UnaryOperator<BrokerServerConfig> config) {
    try {
      return BrokerServer.start(
          config.apply(
              BrokerServerConfig.defaults("127.0.0.1", 0, 1)
                  .withTimeouts(
                      Duration.ofMinutes(10), Duration.ofMillis(100), Duration.ofMillis(200))),
          HandlerRegistry.withApiVersions(
              List.of(puppet), InMemoryClusterMetadata.ofOneBroker(0, "localhost", 1), 0),
          budget,
          SystemPorts.ticker(),
          meters);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void restart(UnaryOperator<BrokerServerConfig> config) {
    server.close();
    server = start(config);
  }

  @AfterEach
  void everyByteIsGivenBack() {
    puppet.calls.forEach(call -> call.answer("late"));
    server.close();
    Await.until("request memory is free", () -> server.requestMemoryBytes() == 0);
    assertThat(budget.usedBytes(Share.REQUESTS)).isZero();
  }

  private static DescribeClusterRequest request() {
    return new DescribeClusterRequest.Builder(new DescribeClusterRequestData()).build((short) 1);
  }

  private static String clusterId(RawClient client, RequestHeader header) throws IOException {
    return ((DescribeClusterResponse) client.receive(header)).data().clusterId();
  }

  private static void assertServes(BrokerServer server) throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      assertThat(
              client
                  .call(new ApiVersionsRequest(new ApiVersionsRequestData(), (short) 0))
                  .errorCounts())
          .containsOnlyKeys(Errors.NONE);
    }
  }

  @Test
  void requestsAreHandledAtOnceAndAnsweredInOrder() throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      List<RequestHeader> headers = new ArrayList<>();
      List<Puppet.Call> calls = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        headers.add(client.send(request()));
        calls.add(puppet.next());
        assertThat(calls.get(i).context().header().correlationId())
            .isEqualTo(headers.get(i).correlationId());
      }
      for (int i = 4; i >= 0; i--) {
        calls.get(i).answer("answer" + i);
      }
      for (int i = 0; i < 5; i++) {
        assertThat(clusterId(client, headers.get(i))).isEqualTo("answer" + i);
      }
    }
  }

  @Test
  void aHandlerCanHoldWhatComesBehindIt() throws Exception {
    CompletableFuture<Void> hold = new CompletableFuture<>();
    puppet.hold = hold;
    try (RawClient client = new RawClient(server.port())) {
      RequestHeader first = client.send(request());
      RequestHeader second = client.send(request());
      Puppet.Call held = puppet.next();
      held.answer("first");
      assertThat(clusterId(client, first)).isEqualTo("first");
      assertThat(puppet.calls).as("handled while held").isEmpty();
      hold.complete(null);
      puppet.next().answer("second");
      assertThat(clusterId(client, second)).isEqualTo("second");
    }
  }

  @Test
  void aThrottledClientIsAnsweredAtOnceAndThenMuted() throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      RequestHeader first = client.send(request());
      Puppet.Call call = puppet.next();
      call.context().throttle(200);
      long begun = System.nanoTime();
      call.answer("throttled");
      assertThat(clusterId(client, first)).isEqualTo("throttled");
      RequestHeader second = client.send(request());
      Puppet.Call late = puppet.next();
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isGreaterThanOrEqualTo(Duration.ofMillis(190));
      late.answer("after");
      assertThat(clusterId(client, second)).isEqualTo("after");
    }
  }

  @Test
  void aHandlerThatFailsIsAnsweredWithTheErrorOfItsApi() throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      RequestHeader first = client.send(request());
      puppet.next().answer().completeExceptionally(Errors.NOT_CONTROLLER.exception());
      assertThat(client.receive(first).errorCounts()).containsKey(Errors.NOT_CONTROLLER);
    }
  }

  @Test
  void aResponseThatCannotBeWrittenAndARequestThatFailsAreALineEach() throws Exception {
    int clients = 2 * LimitedLog.LINES_PER_SECOND;
    try (LogLines lines = LogLines.of(BrokerServer.class)) {
      for (int i = 0; i < clients; i++) {
        try (RawClient client = new RawClient(server.port())) {
          RequestHeader failing = client.send(request());
          puppet.next().answer().completeExceptionally(new IllegalStateException("our mistake"));
          assertThat(client.receive(failing).errorCounts())
              .containsKey(Errors.UNKNOWN_SERVER_ERROR);
          client.send(request());
          puppet.next().answer().complete(new DescribeClusterResponseData().setClusterId(null));
          assertThat(client.isClosedByPeer()).isTrue();
        }
      }
      assertThat(lines.all().size()).isBetween(2, clients * 2);
      assertThat(lines.all().get(0))
          .contains("request failed: DESCRIBE_CLUSTER version=1 from #1 ", ": our mistake");
      assertThat(lines.all().get(1))
          .contains("no response for DESCRIBE_CLUSTER version=1 from #1 ", "NullPointerException");
      assertThat(lines.traces()).isEqualTo(1);
    }
    assertServes(server);
    assertThat(meters.counter("kafka.request.handler.failures").count()).isEqualTo(2 * clients);
  }

  @Test
  void noMoreRequestsAreUnderWayThanAllowed() throws Exception {
    restart(config -> config.withPipeline(1 << 20, 3));
    try (RawClient client = new RawClient(server.port())) {
      List<RequestHeader> headers = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        headers.add(client.send(request()));
      }
      AtomicInteger most = new AtomicInteger();
      for (int i = 0; i < 10; i++) {
        Puppet.Call call = puppet.next();
        most.accumulateAndGet(puppet.calls.size() + 1, Math::max);
        call.answer("n" + i);
        assertThat(clusterId(client, headers.get(i))).isEqualTo("n" + i);
      }
      assertThat(most.get()).isLessThanOrEqualTo(3);
    }
  }

  @Test
  void whatIsPinnedIsLetGoOnceWhetherWrittenOrFailed() throws Exception {
    AtomicInteger closed = new AtomicInteger();
    try (RawClient client = new RawClient(server.port())) {
      RequestHeader header = client.send(request());
      Puppet.Call call = puppet.next();
      call.context().closeAfterResponse(closed::incrementAndGet);
      call.answer("written");
      clusterId(client, header);
      Await.until("closed after the write", () -> closed.get() == 1);

      header = client.send(request());
      call = puppet.next();
      call.context().closeAfterResponse(closed::incrementAndGet);
      call.answer().completeExceptionally(new IllegalStateException("made to fail by a test"));
      client.receive(header);
      Await.until("closed after the failure", () -> closed.get() == 2);
    }
  }

  @Test
  void aResponseForAClientThatLeftLetsGoOfItsMemory() throws Exception {
    AtomicInteger closed = new AtomicInteger();
    Puppet.Call call;
    try (RawClient client = new RawClient(server.port())) {
      client.send(request());
      call = puppet.next();
    }
    Await.until("connection is gone", () -> server.connectionCount() == 0);
    call.context().closeAfterResponse(closed::incrementAndGet);
    call.answer("nobody");
    Await.until("memory is let go", () -> closed.get() == 1);
  }

  static Stream<Arguments> garbage() {
    byte[] random = new byte[64];
    new Random(1).nextBytes(random);
    random[0] = 0;
    random[1] = 0;
    random[2] = 0;
    random[3] = 60;
    ByteBuffer unknownApi = ByteBuffer.allocate(14).putInt(10).putShort((short) 4711);
    ByteBuffer oldProduce =
        ByteBuffer.allocate(14)
            .putInt(10)
            .putShort(ApiKeys.PRODUCE.id)
            .putShort((short) 1)
            .putInt(1)
            .putShort((short) -1);
    ByteBuffer truncatedBody =
        ByteBuffer.allocate(15)
            .putInt(11)
            .putShort(ApiKeys.DESCRIBE_CLUSTER.id)
            .putShort((short) 1)
            .putInt(1)
            .putShort((short) -1)
            .put((byte) 0);
    ByteBuffer hugeClientId =
        ByteBuffer.allocate(14)
            .putInt(10)
            .putShort(ApiKeys.DESCRIBE_CLUSTER.id)
            .putShort((short) 1)
            .putInt(1)
            .putShort(Short.MAX_VALUE);
    return Stream.of(
        Arguments.of("negative size", new byte[] {-1, -1, -1, -1}),
        Arguments.of("two gigabytes", new byte[] {0x7f, -1, -1, -1}),
        Arguments.of("empty frame", new byte[] {0, 0, 0, 0}),
        Arguments.of("frame of one byte", new byte[] {0, 0, 0, 1, 7}),
        Arguments.of("random bytes", random),
        Arguments.of("HTTP", "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
        Arguments.of("TLS", new byte[] {0x16, 3, 1, 2, 0, 1}),
        Arguments.of("unknown API", unknownApi.array()),
        Arguments.of("Produce version 1", oldProduce.array()),
        Arguments.of("body cut off", truncatedBody.array()),
        Arguments.of("client id longer than its frame", hugeClientId.array()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("garbage")
  void garbageClosesItsOwnConnectionAndNoOther(String name, byte[] bytes) throws Exception {
    try (LogLines lines = LogLines.of(BrokerServer.class);
        RawClient other = new RawClient(server.port());
        RawClient client = new RawClient(server.port())) {
      RequestHeader waiting = other.send(request());
      Puppet.Call call = puppet.next();
      client.sendBytes(bytes);
      assertThat(client.isClosedByPeer()).isTrue();
      assertThat(lines.all()).singleElement().asString().startsWith("closing connection #2 ");
      call.answer("undisturbed");
      assertThat(clusterId(other, waiting)).isEqualTo("undisturbed");
    }
    assertServes(server);
    assertThat(meters.counter("kafka.request.malformed").count()).isEqualTo(1);
  }

  @Test
  void aSizePrefixAloneCostsNothing() throws Exception {
    try (RawClient client = new RawClient(server.port())) {
      client.sendBytes(ByteBuffer.allocate(4).putInt(90 << 20).array());
      client.sendBytes(new byte[1000]);
      Await.until("bytes have arrived", () -> server.requestMemoryBytes() == 1004);
      assertServes(server);
    }
    Await.until("memory of the cut off frame is free", () -> server.requestMemoryBytes() == 0);
  }

  private void restartWithRequestMemory(long bytes) {
    server.close();
    budget = requestsOnly(bytes);
    server = start(UnaryOperator.identity());
  }

  private static RequestHeader describeHeader() {
    return new RequestHeader(ApiKeys.DESCRIBE_CLUSTER, (short) 1, "raw", 1);
  }

  /** As a frame, padded by a tagged field that nobody knows. */
  private static byte[] frameOf(RequestHeader header, int sizeInBytes) {
    DescribeClusterRequestData data = new DescribeClusterRequestData();
    data.unknownTaggedFields().add(new RawTaggedField(1000, new byte[sizeInBytes]));
    ByteBuffer body = RawClient.serialize(header, data);
    return ByteBuffer.allocate(4 + body.remaining()).putInt(body.remaining()).put(body).array();
  }

  @Test
  void aFrameLargerThanAllRequestMemoryGetsInAlone() throws Exception {
    restartWithRequestMemory(64 << 10);
    try (RawClient client = new RawClient(server.port())) {
      RequestHeader header = describeHeader();
      client.sendBytes(frameOf(header, 1 << 20));
      puppet.next().answer("large");
      assertThat(clusterId(client, header)).isEqualTo("large");
    }
  }

  @Test
  void partialFramesThatFillTheRequestMemoryGetInOneByOne() throws Exception {
    restartWithRequestMemory(64 << 10);
    List<RawClient> clients = new ArrayList<>();
    List<byte[]> frames = new ArrayList<>();
    List<RequestHeader> headers = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        RawClient client = new RawClient(server.port());
        clients.add(client);
        headers.add(describeHeader());
        frames.add(frameOf(headers.get(i), 200 << 10));
        client.sendBytes(Arrays.copyOf(frames.get(i), 20 << 10));
      }
      Await.until("the limit is passed", () -> server.requestMemoryBytes() > 64 << 10);
      assertThat(budget.usedBytes(Share.REQUESTS)).isEqualTo(64 << 10);
      for (int i = 0; i < 8; i++) {
        clients.get(i).sendBytes(Arrays.copyOfRange(frames.get(i), 20 << 10, frames.get(i).length));
      }
      for (int i = 0; i < 8; i++) {
        puppet.next().answer("in");
      }
      for (int i = 0; i < 8; i++) {
        assertThat(clusterId(clients.get(i), headers.get(i))).isEqualTo("in");
      }
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void aPartialFrameThatEndsThereGivesWayToTheOthers() throws Exception {
    restartWithRequestMemory(64 << 10);
    try (RawClient greedy = new RawClient(server.port());
        RawClient modest = new RawClient(server.port())) {
      greedy.sendBytes(ByteBuffer.allocate(4).putInt(4 << 20).array());
      greedy.sendBytes(new byte[100 << 10]);
      Await.until("the limit is passed", () -> server.requestMemoryBytes() > 64 << 10);
      RequestHeader header = modest.send(request());
      puppet.next().answer("served"); // what has arrived is served; only then reading stops
      assertThat(clusterId(modest, header)).isEqualTo("served");
      assertThat(greedy.isClosedByPeer()).isTrue();
      RequestHeader again = modest.send(request());
      puppet.next().answer("again");
      assertThat(clusterId(modest, again)).isEqualTo("again");
    }
  }

  @Test
  void aPartialFrameThatComesByDropsGivesWayToTheOthers() throws Exception {
    budget = requestsOnly(64 << 10);
    restart(
        config ->
            config.withTimeouts(
                Duration.ofMinutes(10), Duration.ofSeconds(1), Duration.ofMillis(200)));
    try (RawClient greedy = new RawClient(server.port());
        RawClient modest = new RawClient(server.port())) {
      greedy.sendBytes(ByteBuffer.allocate(4).putInt(64 << 20).array());
      greedy.sendBytes(new byte[100 << 10]);
      Await.until("the limit is passed", () -> server.requestMemoryBytes() > 64 << 10);
      RequestHeader header = modest.send(request());
      puppet.next().answer("served");
      assertThat(clusterId(modest, header)).isEqualTo("served");
      RequestHeader again = modest.send(request());
      Await.until(
          "it is served although bytes go on coming",
          () -> {
            try {
              greedy.sendBytes(new byte[1]);
            } catch (IOException e) {
              // closed by the server: what the test waits for
            }
            return !puppet.calls.isEmpty();
          });
      puppet.next().answer("again");
      assertThat(clusterId(modest, again)).isEqualTo("again");
    }
  }

  @Test
  void connectionsBeyondTheLimitAreClosedAtOnce() throws Exception {
    restart(config -> config.withConnectionsMax(2));
    try (RawClient first = new RawClient(server.port());
        RawClient second = new RawClient(server.port())) {
      Await.until("both are in", () -> server.connectionCount() == 2);
      try (RawClient third = new RawClient(server.port())) {
        assertThat(third.isClosedByPeer()).isTrue();
      }
      RequestHeader header = second.send(request());
      puppet.next().answer("in");
      assertThat(clusterId(second, header)).isEqualTo("in");
    }
  }

  @Test
  void idleConnectionsAreClosed() throws Exception {
    restart(
        config ->
            config.withTimeouts(Duration.ofMillis(100), Duration.ofSeconds(5), Duration.ZERO));
    try (RawClient busy = new RawClient(server.port());
        RawClient idle = new RawClient(server.port())) {
      RequestHeader header = busy.send(request());
      Puppet.Call call = puppet.next();
      assertThat(idle.isClosedByPeer()).isTrue();
      call.answer("not idle while it waits for its answer");
      assertThat(clusterId(busy, header)).startsWith("not idle");
    }
  }

  @Test
  void aClosingServerAnswersWhatIsUnderWay() throws Exception {
    restart(
        config ->
            config.withTimeouts(
                Duration.ofMinutes(1), Duration.ofSeconds(5), Duration.ofSeconds(30)));
    try (RawClient client = new RawClient(server.port())) {
      RequestHeader header = client.send(request());
      Puppet.Call call = puppet.next();
      CompletableFuture<Void> closed = new CompletableFuture<>();
      Thread closer =
          new Thread(
              () -> {
                server.close();
                closed.complete(null);
              },
              "closer");
      closer.start();
      call.answer("drained");
      assertThat(clusterId(client, header)).isEqualTo("drained");
      assertThat(client.isClosedByPeer()).isTrue();
      Await.result(closed);
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void framesArriveWholeHoweverTheyAreCut(long seed) throws Exception {
    Random random = new Random(seed);
    try (RawClient client = new RawClient(server.port())) {
      List<RequestHeader> headers = new ArrayList<>();
      ByteBuffer all = ByteBuffer.allocate(8 << 20);
      for (int i = 0; i < 50; i++) {
        String clientId = "x".repeat(random.nextInt(4) == 0 ? random.nextInt(30_000) : 5);
        RequestHeader header = new RequestHeader(ApiKeys.DESCRIBE_CLUSTER, (short) 1, clientId, i);
        headers.add(header);
        ByteBuffer body = request().serializeWithHeader(header);
        all.putInt(body.remaining()).put(body);
      }
      byte[] stream = new byte[all.position()];
      all.flip().get(stream);
      for (int at = 0; at < stream.length; ) {
        int cut = 1 + random.nextInt(random.nextBoolean() ? 10 : 20_000);
        int end = Math.min(stream.length, at + cut);
        client.sendBytes(Arrays.copyOfRange(stream, at, end));
        at = end;
      }
      for (RequestHeader header : headers) {
        Puppet.Call call = puppet.next();
        assertThat(call.context().clientId()).isEqualTo(header.clientId());
        call.answer("" + header.correlationId());
      }
      for (RequestHeader header : headers) {
        assertThat(clusterId(client, header)).isEqualTo("" + header.correlationId());
      }
    }
  }
}
