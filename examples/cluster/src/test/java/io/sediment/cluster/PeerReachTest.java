package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.ValueTypes.HostAndPort;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PeerReachTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private static String inWords(Map<Integer, HostAndPort> peers) {
    try (PeerReach reach = new PeerReach(peers, 0)) {
      return Await.result(reach.inWords());
    }
  }

  private static HostAndPort local(int port) {
    return new HostAndPort("127.0.0.1", port);
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, LOOPBACK)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void aClosedPortAndAWrongNameAreNamedWithTheirCause() throws IOException {
    int closed = closedPort();
    try (ServerSocket open = new ServerSocket(0, 1, LOOPBACK)) {
      assertThat(
              inWords(
                  Map.of(
                      0,
                      local(closed),
                      1,
                      local(open.getLocalPort()),
                      2,
                      local(closed),
                      3,
                      new HostAndPort("no-such-host.invalid", 9093))))
          .isEqualTo(
              "of RAFT_PEERS cannot be connected to: 2=127.0.0.1:%s"
                  + " (java.net.ConnectException: Connection refused),"
                  + " 3=no-such-host.invalid:9093"
                  + " (java.net.UnknownHostException: no-such-host.invalid)",
              closed);
    }
  }

  @Test
  void whoIsThereIsNotNamed() throws IOException {
    try (ServerSocket open = new ServerSocket(0, 1, LOOPBACK)) {
      assertThat(inWords(Map.of(0, local(closedPort()), 1, local(open.getLocalPort()))))
          .isEqualTo("all others of RAFT_PEERS can be connected to");
    }
  }
}
