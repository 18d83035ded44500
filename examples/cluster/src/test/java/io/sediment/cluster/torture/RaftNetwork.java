package io.sediment.cluster.torture;

import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What lies between brokers on their way to each other's Raft ports, and can be cut: one proxy for
 * each broker and each other one that it connects to, so that each end of a connection is known.
 *
 * <p>All brokers call broker {@code i} by the same name, {@code raft-i}, and port. A file of hosts
 * of its own leads each of them to other proxies, at addresses of the loopback network. (That all
 * of 127.0.0.0/8 is there without being set up is so on Linux.)
 *
 * <p>A cut is silent, as that of a cable: connections stay open, nothing comes through, and what
 * was sent meanwhile arrives when the cut has healed.
 */
final class RaftNetwork {
  private static final int BUFFER_BYTES = 64 << 10;

  private final List<Integer> listenPorts = new ArrayList<>();
  private final List<Integer> namedPorts = new ArrayList<>();
  private final boolean[][] cut; // [who connects][to whom]; guarded by this

  /** Proxies in front of {@code size} brokers, none of which needs to be there yet. */
  RaftNetwork(int size, FreePorts free) throws IOException {
    for (int i = 0; i < size; i++) {
      listenPorts.add(free.take());
      namedPorts.add(free.take());
    }
    cut = new boolean[size][size];
    for (int from = 0; from < size; from++) {
      for (int to = 0; to < size; to++) {
        listen(from, to);
      }
    }
  }

  /** Where broker {@code to} is to listen. */
  String listenAddress(int to) {
    return "127.0.0.1:" + listenPorts.get(to);
  }

  /** The peers, as all brokers call them. */
  String peers() {
    return IntStream.range(0, namedPorts.size())
        .mapToObj(i -> i + "=" + name(i) + ":" + namedPorts.get(i))
        .collect(Collectors.joining(","));
  }

  private static String name(int broker) {
    return "raft-" + broker;
  }

  private static String address(int from, int to) {
    return "127.1." + (from + 1) + "." + (to + 1);
  }

  /** Writes the file of hosts of one broker, for {@code -Djdk.net.hosts.file}. */
  void writeHosts(int from, Path file) throws IOException {
    List<String> lines = new ArrayList<>(List.of("127.0.0.1 localhost"));
    for (int to = 0; to < namedPorts.size(); to++) {
      lines.add(address(from, to) + " " + name(to));
    }
    Files.write(file, lines);
  }

  /** Nothing comes through between a broker and the others. */
  void cutOff(int broker) {
    cut(broker, true, true);
  }

  /** Nothing comes through on connections to a broker; those that it makes are well. */
  void cutConnectionsTo(int broker) {
    cut(broker, false, true);
  }

  private synchronized void cut(int broker, boolean from, boolean to) {
    for (int other = 0; other < cut.length; other++) {
      cut[broker][other] |= from;
      cut[other][broker] |= to;
    }
  }

  /** Everything comes through, what was held first. */
  synchronized void heal() {
    for (boolean[] row : cut) {
      Arrays.fill(row, false);
    }
    notifyAll();
  }

  private synchronized void awaitWhole(int from, int to) throws InterruptedException {
    while (cut[from][to]) {
      wait();
    }
  }

  private void listen(int from, int to) throws IOException {
    ServerSocket server =
        new ServerSocket(namedPorts.get(to), 50, InetAddress.getByName(address(from, to)));
    daemon(
        () -> {
          while (true) {
            Socket client = server.accept();
            daemon(() -> connect(client, from, to));
          }
        });
  }

  private void connect(Socket client, int from, int to) throws IOException, InterruptedException {
    awaitWhole(from, to);
    Socket server = new Socket();
    try {
      server.connect(new InetSocketAddress("127.0.0.1", listenPorts.get(to)));
    } catch (IOException refused) {
      client.close();
      return;
    }
    client.setTcpNoDelay(true);
    server.setTcpNoDelay(true);
    daemon(() -> pass(client, server, from, to));
    daemon(() -> pass(server, client, from, to));
  }

  /** Until one end closes, which the other hears of when the cut has healed. */
  private void pass(Socket in, Socket out, int from, int to)
      throws IOException, InterruptedException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (in;
        out) {
      InputStream source = in.getInputStream();
      OutputStream target = out.getOutputStream();
      for (int count = source.read(buffer); count >= 0; count = source.read(buffer)) {
        awaitWhole(from, to);
        target.write(buffer, 0, count);
      }
      awaitWhole(from, to);
    } catch (IOException reset) {
      awaitWhole(from, to);
    }
  }

  /** What fails because a connection breaks, ends with it. */
  private interface Task {
    void run() throws IOException, InterruptedException;
  }

  private static void daemon(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException | InterruptedException ended) {
                // The connection has; the sockets are closed.
              }
            },
            "raft-network");
    thread.setDaemon(true);
    thread.start();
  }
}
