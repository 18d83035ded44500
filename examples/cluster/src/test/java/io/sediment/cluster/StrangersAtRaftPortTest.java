package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever connects to the port of the metadata group and is no member. */
class StrangersAtRaftPortTest {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int CONNECTIONS = 100;
  private static final int LINES_MAX = 30;

  @TempDir Path folder;
  private final Random random = new Random(7);

  @Test
  void garbageCostsFewLinesAndNoStackTraces() throws Exception {
    LoopbackSettings settings =
        new LoopbackSettings(new FreePorts()).in(folder).with("BROKER_ID", 0);
    BrokerProcess broker =
        BrokerProcess.start(
            settings.with("RAFT_PEERS", "0=" + settings.raftAddress()).environment(),
            folder.resolve("broker.log"));
    try {
      Await.until("the broker serves", broker::isReady);
      int port = Integer.parseInt(settings.raftAddress().split(":")[1]);
      int before = broker.lines().size();
      for (int i = 0; i < CONNECTIONS; i++) {
        byte[] garbage = new byte[200];
        random.nextBytes(garbage);
        sendUntilClosed(port, garbage);
        sendUntilClosed(port, (PREFACE + "x".repeat(i)).getBytes(StandardCharsets.US_ASCII));
        sendUntilClosed(port, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      }
      List<String> all = broker.lines();
      List<String> since = all.subList(before, all.size());
      assertThat(since).hasSizeLessThan(LINES_MAX);
      assertThat(since).allMatch(line -> line.matches("\\d{4}-.*Z (INFO |WARN |ERROR) .*"));
      assertThat(broker.isReady()).isTrue();
    } finally {
      broker.process().destroyForcibly().waitFor();
    }
  }

  /** The broker has then said what it has to say of the connection. */
  private static void sendUntilClosed(int port, byte[] bytes) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.getOutputStream().write(bytes);
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (SocketException reset) {
      assertThat(reset).hasMessageMatching("Connection reset|Broken pipe");
    }
  }
}
