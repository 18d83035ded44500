package io.sediment.runtime;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports for servers that will be killed and started again on them: below the range that outgoing
 * connections take theirs from, or a client that tries to reconnect could sit on the port, or even
 * connect to itself.
 */
public final class FreePorts {
  private static final int FIRST = 10_000;
  private static final int COUNT = 15_000;

  /** Processes that run at the same time have numbers that are close together. */
  private static final int APART = 101;

  private static final AtomicInteger NEXT =
      new AtomicInteger((int) (ProcessHandle.current().pid() * APART % COUNT));

  /** A port that nobody listens on now and that this process has not given out before. */
  public int take() {
    for (int tries = 0; tries < COUNT; tries++) {
      int port = FIRST + NEXT.getAndUpdate(before -> (before + 1) % COUNT);
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
