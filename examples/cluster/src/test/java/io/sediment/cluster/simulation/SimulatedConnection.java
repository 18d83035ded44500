package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.ClientInfo;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.RequestHeader;
import org.jspecify.annotations.Nullable;

/**
 * A connection from a client to a broker, for messages instead of bytes: requests are handed over
 * and answered in order, each after some time, and never once the broker or the connection is gone.
 */
final class SimulatedConnection {
  private static final int TRANSIT_NANOS_MAX = 1_000_000;

  private final Simulation simulation;
  private final SimScheduler client;
  private final BrokerProcess broker;
  private final @Nullable Place place;
  private final boolean nearby;
  private final Deque<Request<?, ?>> sent = new ArrayDeque<>();
  private final Deque<Request<?, ?>> arrived = new ArrayDeque<>();
  private final Deque<Request<?, ?>> unanswered = new ArrayDeque<>();
  private final Deque<Runnable> answers = new ArrayDeque<>();
  private CompletionStage<?> held = CompletableFuture.completedFuture(null);
  private Generation answeredUnder = Generation.UNKNOWN;
  private boolean handing;
  private boolean closed;

  /**
   * @param place that all its requests are about; null where they are about several
   * @param nearby whether whoever leads is as good
   */
  SimulatedConnection(
      Simulation simulation,
      SimScheduler client,
      BrokerProcess broker,
      @Nullable Place place,
      boolean nearby) {
    this.simulation = simulation;
    this.client = client;
    this.broker = broker;
    this.place = place;
    this.nearby = nearby;
  }

  BrokerProcess broker() {
    return broker;
  }

  /** Under which term the answer was given that is being told now. */
  Generation answeredUnder() {
    return answeredUnder;
  }

  private Generation term() {
    Place of = place;
    if (of == null) {
      return Generation.UNKNOWN;
    }
    return nearby ? broker.knownTermOf(of) : broker.termOf(of);
  }

  boolean isOpen() {
    return !closed;
  }

  /** By the client: it no longer waits for any answer. */
  void close() {
    closed = true;
  }

  /**
   * @param onAnswer called on the client's thread, perhaps never
   */
  <Q extends ApiMessage, R extends ApiMessage> void send(
      ApiKeys key, int version, Q message, Consumer<R> onAnswer) {
    RequestHeader header = new RequestHeader(key, (short) version, client.name(), 0);
    sent.add(new Request<>(header, message, onAnswer));
    broker
        .process()
        .schedule(
            () -> {
              arrived.add(sent.remove());
              hand();
            },
            transit());
  }

  private Duration transit() {
    return Duration.ofNanos(client.random().nextInt(TRANSIT_NANOS_MAX));
  }

  /** On the broker's thread. */
  private void hand() {
    if (handing) {
      return;
    }
    handing = true;
    while (!arrived.isEmpty() && held.toCompletableFuture().isDone()) {
      Request<?, ?> next = arrived.remove();
      unanswered.add(next);
      next.handle();
    }
    handing = false;
  }

  private void answerInOrder() {
    while (!unanswered.isEmpty()) {
      Runnable first = unanswered.element().answer;
      if (first == null) {
        return;
      }
      unanswered.remove();
      answers.add(first);
      client.schedule(
          () -> {
            Runnable next = answers.remove();
            if (!closed) {
              next.run();
            }
          },
          transit());
    }
  }

  /** What stays of an answer when the broker's memory is given back. */
  @SuppressWarnings("unchecked")
  private static <R extends ApiMessage> R onTheWire(R response) {
    UnaryOperator<ApiMessage> copy =
        any -> any instanceof FetchResponseData fetched ? FetchedBytes.copyOf(fetched) : any;
    return (R) copy.apply(response);
  }

  private final class Request<Q extends ApiMessage, R extends ApiMessage>
      implements RequestContext {
    private final RequestHeader header;
    private final Q message;
    private final Consumer<R> onAnswer;
    private final List<AutoCloseable> pinned = new ArrayList<>();
    private Generation begun = Generation.UNKNOWN;
    private @Nullable Runnable answer;

    Request(RequestHeader header, Q message, Consumer<R> onAnswer) {
      this.header = header;
      this.message = message;
      this.onAnswer = onAnswer;
    }

    @SuppressWarnings("unchecked")
    void handle() {
      begun = term();
      ApiHandler<Q, R> handler = (ApiHandler<Q, R>) broker.handler(header.apiKey());
      handler
          .handle(this, message)
          .whenComplete(
              (response, failure) -> broker.process().execute(() -> answered(response, failure)));
    }

    private void answered(R response, @Nullable Throwable failure) {
      if (failure == null) {
        R bytes = onTheWire(response);
        Generation under = begun.equals(term()) ? begun : Generation.UNKNOWN;
        answer =
            () -> {
              answeredUnder = under;
              onAnswer.accept(bytes);
            };
      } else {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        broker.process().trace(header.apiKey() + " failed: " + cause);
        if (!(cause instanceof ApiException)) {
          simulation.fail("server error: " + header.apiKey() + " failed: " + cause);
        }
        answer = SimulatedConnection.this::close;
      }
      for (AutoCloseable each : pinned) {
        try {
          each.close();
        } catch (Exception e) {
          throw new IllegalStateException("closing " + each, e);
        }
      }
      answerInOrder();
    }

    @Override
    public RequestHeader header() {
      return header;
    }

    @Override
    public ClientInfo client() {
      return new ClientInfo(
          1,
          InetAddress.getLoopbackAddress(),
          1,
          "simulated",
          ClientInfo.UNKNOWN,
          ClientInfo.UNKNOWN);
    }

    @Override
    public Executor networkThread() {
      return broker.process();
    }

    @Override
    public void holdUntil(CompletionStage<?> accepted) {
      held = accepted;
      accepted.whenComplete(
          (done, failure) -> broker.process().execute(SimulatedConnection.this::hand));
    }

    @Override
    public void bodyConsumed() {}

    @Override
    public void closeAfterResponse(AutoCloseable resource) {
      pinned.add(resource);
    }

    @Override
    public void throttle(int throttleMs) {}

    @Override
    public void sendNoResponse() {
      throw new UnsupportedOperationException("no client here asks for that");
    }

    @Override
    public void closeConnection(String why) {
      broker.process().trace("closes a connection: " + why);
      closed = true;
    }

    @Override
    public void nameSoftware(String name, String version) {}
  }
}
