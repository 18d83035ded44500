package io.sediment.cluster.bench;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How one broker of ours, on the local store, is started again and again. */
final class SedimentServer {
  /** As scripts/run-broker.sh has them; benchmarks are run from the top folder. */
  private static final Path JVM_OPTIONS = Path.of("scripts/lib/jvm-options");

  private final Path jar;
  private final Path log;
  private final List<String> jvm;
  private final LoopbackSettings broker;

  /**
   * @param jar used with the archive of its classes where one lies beside it
   * @param home where its data goes
   * @param jvm options, the heap's size among them
   */
  SedimentServer(Path jar, Path home, Path log, List<String> jvm, FreePorts ports) {
    this.jar = jar.toAbsolutePath();
    this.log = log;
    this.jvm = jvm;
    this.broker = new LoopbackSettings(ports).withAllMemory().in(home);
  }

  String bootstrap() {
    return broker.bootstrap();
  }

  ServerProcess start() throws IOException, InterruptedException {
    return start(Map.of());
  }

  /**
   * @param settings more of them
   */
  ServerProcess start(Map<String, String> settings) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + JVM_OPTIONS);
    command.addAll(jvm);
    Path archive = Path.of(jar.toString().replaceFirst("\\.jar$", ".jsa"));
    if (Files.exists(archive)) {
      command.add("-XX:SharedArchiveFile=" + archive);
    }
    command.addAll(List.of("-jar", jar.toString()));
    Map<String, String> environment = broker.environment();
    environment.putAll(settings);
    environment.put("MALLOC_ARENA_MAX", "2"); // as scripts/run-broker.sh
    return ServerProcess.start(command, environment, log, "Sediment is ready");
  }

  /** Requests to the store so far that wrote something. */
  double puts() throws IOException, InterruptedException {
    URI metrics = URI.create("http://127.0.0.1:" + broker.httpPort() + "/metrics");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith("sediment_store_requests_seconds_count{"))
        .filter(line -> line.contains("op=\"put"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
