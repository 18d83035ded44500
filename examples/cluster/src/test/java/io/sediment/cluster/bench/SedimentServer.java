package io.sediment.cluster.bench;

import io.sediment.cluster.torture.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How one broker of ours, on the local store, is started again and again. */
final class SedimentServer {
  /** As scripts/run-broker.sh has them; benchmarks are run from the top folder. */
  private static final Path JVM_OPTIONS = Path.of("scripts/lib/jvm-options");

  private final Path jar;
  private final Path home;
  private final Path log;
  private final List<String> jvm;
  private final int port;
  private final int httpPort;
  private final int raftPort;

  /**
   * @param jar used with the archive of its classes where one lies beside it
   * @param home where its data goes
   * @param jvm options, the heap's size among them
   */
  SedimentServer(Path jar, Path home, Path log, List<String> jvm, FreePorts ports) {
    this.jar = jar.toAbsolutePath();
    this.home = home;
    this.log = log;
    this.jvm = jvm;
    this.port = ports.take();
    this.httpPort = ports.take();
    this.raftPort = ports.take();
  }

  String bootstrap() {
    return "127.0.0.1:" + port;
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
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("MALLOC_ARENA_MAX", "2"); // as scripts/run-broker.sh
    environment.putAll(
        Map.of(
            "HOST", "127.0.0.1",
            "PORT", Integer.toString(port),
            "HTTP_PORT", Integer.toString(httpPort),
            "RAFT_LISTEN_ADDR", "127.0.0.1:" + raftPort,
            "RAFT_PATH", home.resolve("raft").toString(),
            "DATA_PATH", home.resolve("data").toString()));
    return ServerProcess.start(command, environment, log, "Sediment is ready");
  }

  /** Requests to the store so far that wrote something. */
  double puts() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics")).build();
    return HttpClient.newHttpClient()
        .send(request, BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith("sediment_store_requests_seconds_count{"))
        .filter(line -> line.contains("op=\"put"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
