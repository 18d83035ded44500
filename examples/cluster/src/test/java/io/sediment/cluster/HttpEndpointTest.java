package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.NamedThreads;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpEndpointTest {
  private static final int THREADS = 2;

  private final AtomicBoolean ready = new AtomicBoolean();
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpEndpoint endpoint;

  @BeforeEach
  void start() throws IOException {
    endpoint =
        HttpEndpoint.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            ready::get,
            () -> "figure 1\n",
            NamedThreads.pool("http", THREADS));
  }

  @AfterEach
  void stop() {
    endpoint.close();
  }

  private HttpResponse<String> ask(String method, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + endpoint.port() + path);
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .method(method, BodyPublishers.noBody())
            .timeout(Duration.ofSeconds(60))
            .build();
    return client.send(request, BodyHandlers.ofString());
  }

  @Test
  void aliveIsSaidAtOnceAndReadyWhenClientsAreServed() throws Exception {
    assertThat(ask("GET", "/health/live").statusCode()).isEqualTo(200);
    assertThat(ask("GET", "/health/ready").statusCode()).isEqualTo(503);
    ready.set(true);
    assertThat(ask("GET", "/health/ready").statusCode()).isEqualTo(200);
    assertThat(ask("HEAD", "/health/ready").body()).isEmpty();
    assertThat(ask("GET", "/metrics").body()).isEqualTo("figure 1\n");
  }

  @Test
  void whatIsNotThereIsSaidToBe() throws Exception {
    assertThat(ask("GET", "/").statusCode()).isEqualTo(404);
    assertThat(ask("POST", "/metrics").statusCode()).isEqualTo(405);
  }

  @Test
  void halfRequestsHoldUpNobodyForLong() throws Exception {
    List<Socket> halves = new ArrayList<>();
    try {
      for (int i = 0; i < 2 * THREADS; i++) {
        Socket half = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
        halves.add(half);
        half.getOutputStream().write("GET /health".getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(ask("GET", "/health/live").statusCode()).isEqualTo(200);
    } finally {
      for (Socket half : halves) {
        half.close();
      }
    }
  }
}
