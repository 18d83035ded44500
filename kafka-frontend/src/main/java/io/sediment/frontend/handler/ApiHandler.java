package io.sediment.frontend.handler;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * Serves one Kafka API. Never blocking: {@code handle} runs on a network thread.
 *
 * <p>Requests of one connection are handed over in arrival order, each as soon as the one before
 * has <em>returned</em> from {@code handle}, not when it has been answered; responses leave in
 * request order all the same. A handler whose order matters beyond its return says so with {@link
 * RequestContext#holdUntil}.
 */
public interface ApiHandler<Q extends ApiMessage, R extends ApiMessage> {
  ApiKeys key();

  /** Advertised by ApiVersions exactly as it stands here; {@code handle} sees no other version. */
  default VersionRange versions() {
    return VersionRange.all(key());
  }

  /**
   * Failures a client can understand are error codes in the response, not exceptions. A future that
   * fails, or an exception thrown here, is answered with the API's own error response: a Kafka
   * {@code ApiException} keeps its code, anything else is UNKNOWN_SERVER_ERROR and logged as a bug.
   * The future must complete on every path.
   */
  CompletableFuture<R> handle(RequestContext context, Q request);
}
