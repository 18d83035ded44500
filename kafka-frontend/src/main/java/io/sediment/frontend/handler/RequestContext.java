package io.sediment.frontend.handler;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * What surrounds one request: who sent it, and what its handler may ask of the connection. Methods
 * may be called from any thread unless they say otherwise, until the handler's future completes.
 */
public interface RequestContext {
  RequestHeader header();

  ClientInfo client();

  /**
   * The network thread of this connection. Continuations that come from the log's threads go on
   * here, so that no client's work delays the log. Must not block.
   */
  Executor networkThread();

  /**
   * Keeps later requests of this connection from being handed to their handlers until {@code
   * accepted} completes, in either way. Call it before {@code handle} returns.
   */
  void holdUntil(CompletionStage<?> accepted);

  /**
   * Says that the bytes of the request (records are views into them) will not be read again, so
   * that their memory can go before the response does. Idempotent.
   */
  void bodyConsumed();

  /**
   * Closes {@code pinned} when the response has been written, could not be written, or never will
   * be; exactly once. Call it before completing the response.
   */
  void closeAfterResponse(AutoCloseable pinned);

  /**
   * After the response, reads nothing from this connection for {@code throttleMs}; the response
   * itself leaves at once (KIP-219). The longest of several calls counts.
   */
  void throttle(int throttleMs);

  /** The client expects no response (acks=0): the completed one is dropped. */
  void sendNoResponse();

  /** Closes the connection instead of answering; one line says {@code why}. */
  void closeConnection(String why);

  /** What the client says its name and version are (KIP-511), remembered for the connection. */
  void nameSoftware(String name, String version);

  default short apiVersion() {
    return header().apiVersion();
  }

  /** Empty where the client sends none. */
  default String clientId() {
    String id = header().clientId();
    return id == null ? "" : id;
  }
}
