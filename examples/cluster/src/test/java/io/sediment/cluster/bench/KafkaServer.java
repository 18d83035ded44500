package io.sediment.cluster.bench;

import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A real Apache Kafka of one node with its defaults, from a class path of its artifacts. */
final class KafkaServer {
  private final String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private final String classPath;
  private final Path home;
  private final Path logs;
  private final String heap;
  private final int port;
  private final int controllerPort;

  /**
   * @param home where its data goes
   * @param logs where its output goes
   */
  KafkaServer(String classPath, Path home, Path logs, String heap, FreePorts ports) {
    this.classPath = classPath;
    this.home = home;
    this.logs = logs;
    this.heap = heap;
    this.port = ports.take();
    this.controllerPort = ports.take();
  }

  String bootstrap() {
    return "127.0.0.1:" + port;
  }

  ServerProcess start() throws IOException, InterruptedException {
    Path properties = home.resolve("server.properties");
    Files.writeString(
        properties,
        """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:%d
        listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d
        advertised.listeners=PLAINTEXT://127.0.0.1:%d
        controller.listener.names=CONTROLLER
        log.dirs=%s
        offsets.topic.replication.factor=1
        """
            .formatted(controllerPort, port, controllerPort, port, home.resolve("data")));
    Path formatted = logs.resolve("kafka-format.log");
    Process format =
        new ProcessBuilder(
                java,
                "-cp",
                classPath,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "AAAAAAAAAAAAAAAAAAAAAQ",
                "-c",
                properties.toString())
            .redirectErrorStream(true)
            .redirectOutput(formatted.toFile())
            .start();
    if (format.waitFor() != 0) {
      throw new IllegalStateException("kafka format failed: " + Files.readString(formatted));
    }
    List<String> command =
        List.of(
            java,
            "-Xmx" + heap,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
            "-cp",
            classPath,
            "kafka.Kafka",
            properties.toString());
    return ServerProcess.start(
        command, Map.of(), logs.resolve("kafka.log"), "Kafka Server started");
  }
}
