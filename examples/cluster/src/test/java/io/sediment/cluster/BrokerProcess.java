package io.sediment.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A broker as its own process, which logs as brokers do. Whoever starts it ends it. */
record BrokerProcess(Process process, URI ready, Path log) {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  static BrokerProcess start(Map<String, String> environment, Path log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-Dlogback.configurationFile=logback.xml", // there is one for tests on the path,
                // too
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    URI ready = URI.create("http://127.0.0.1:" + environment.get("HTTP_PORT") + "/health/ready");
    return new BrokerProcess(builder.start(), ready, log);
  }

  boolean isReady() {
    return status() == 200;
  }

  /** The answer when it is asked whether it is ready; -1 where there is none. */
  int status() {
    try {
      HttpResponse<Void> answer =
          HTTP.send(HttpRequest.newBuilder(ready).build(), BodyHandlers.discarding());
      return answer.statusCode();
    } catch (IOException notYet) {
      return -1;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  List<String> lines() {
    try {
      return Files.readAllLines(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
