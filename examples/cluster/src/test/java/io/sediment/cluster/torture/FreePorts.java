package io.sediment.cluster.torture;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * Ports for servers that will be killed and started again on them: below the range that outgoing
 * connections take theirs from, or a client that tries to reconnect could sit on the port, or even
 * connect to itself.
 */
public final class FreePorts {
  private static final int FIRST = 10_000;
  private static final int COUNT = 15_000;

  private int next;

  public FreePorts() {
    next = (int) (ProcessHandle.current().pid() % COUNT);
  }

  /** A port that nobody listens on now and that this object has not given out before. */
  public int take() {
    for (int tries = 0; tries < COUNT; tries++) {
      int port = FIRST + next;
      next = (next + 1) % COUNT;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port in " + FIRST + " and the " + COUNT + " after it");
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
