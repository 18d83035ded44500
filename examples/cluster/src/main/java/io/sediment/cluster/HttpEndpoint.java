package io.sediment.cluster;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The operator's port: {@code /health/live} (the process answers), {@code /health/ready} (it serves
 * clients; 503 until then and again while it drains) and {@code /metrics} (Prometheus text). Plain
 * HTTP, read-only, meant for the inside of a network.
 */
final class HttpEndpoint implements AutoCloseable {
  static final String LIVE_PATH = "/health/live";
  static final String READY_PATH = "/health/ready";
  private static final String PLAIN_TEXT = "text/plain; charset=utf-8";
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  static {
    // In seconds, for all servers of the process. Without them a few half requests would hold all
    // threads for ever, and with them the health checks. Probes wait for 3 s.
    setUnlessGiven("sun.net.httpserver.maxReqTime", "2");
    setUnlessGiven("sun.net.httpserver.maxRspTime", "30");
  }

  private final HttpServer server;
  private final ExecutorService threads;

  private HttpEndpoint(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * @param threads runs the handlers; shut down by {@link #close}
   * @throws IOException if the port cannot be listened on
   */
  static HttpEndpoint start(
      InetSocketAddress address,
      BooleanSupplier ready,
      Supplier<String> metrics,
      ExecutorService threads)
      throws IOException {
    HttpServer server = HttpServer.create(address, 16);
    server.setExecutor(threads);
    server.createContext("/", get(exchange -> answer(exchange, 404, PLAIN_TEXT, "not found\n")));
    server.createContext(LIVE_PATH, get(exchange -> answer(exchange, 200, PLAIN_TEXT, "live\n")));
    server.createContext(
        READY_PATH,
        get(
            exchange -> {
              boolean isReady = ready.getAsBoolean();
              answer(
                  exchange, isReady ? 200 : 503, PLAIN_TEXT, isReady ? "ready\n" : "not ready\n");
            }));
    server.createContext(
        "/metrics", get(exchange -> answer(exchange, 200, PROMETHEUS_TEXT, metrics.get())));
    server.start();
    return new HttpEndpoint(server, threads);
  }

  private static void setUnlessGiven(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  int port() {
    return server.getAddress().getPort();
  }

  private static HttpHandler get(HttpHandler handler) {
    return exchange -> {
      try (exchange) {
        String method = exchange.getRequestMethod();
        if (method.equals("GET") || method.equals("HEAD")) {
          handler.handle(exchange);
        } else {
          exchange.getResponseHeaders().set("Allow", "GET, HEAD");
          answer(exchange, 405, PLAIN_TEXT, "method not allowed\n");
        }
      }
    };
  }

  private static void answer(HttpExchange exchange, int status, String contentType, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", contentType);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
    try {
      if (!threads.awaitTermination(5, TimeUnit.SECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
