package io.sediment.cluster;

import io.sediment.cluster.ValueTypes.HostAndPort;
import io.sediment.runtime.NamedThreads;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;

/**
 * Says which of the other voters this machine cannot connect to, and why: a name that is wrong, a
 * port that is closed, a network that swallows all. Raft itself knows only that nobody answers.
 */
final class PeerReach implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Map<Integer, HostAndPort> others;
  private final ExecutorService thread = NamedThreads.pool("peer-reach", 1);

  /**
   * @param peers what {@code RAFT_PEERS} says
   * @param self left out
   */
  PeerReach(Map<Integer, HostAndPort> peers, int self) {
    this.others = new TreeMap<>(peers);
    others.remove(self);
  }

  /** Tries each of them once; part of a line for the operator. */
  CompletableFuture<String> inWords() {
    return CompletableFuture.supplyAsync(this::tryAll, thread);
  }

  private String tryAll() {
    List<String> unreachable = new ArrayList<>();
    others.forEach(
        (broker, address) -> {
          try (Socket socket = new Socket()) {
            socket.connect(
                new InetSocketAddress(address.host(), address.port()), (int) PATIENCE.toMillis());
          } catch (IOException e) {
            unreachable.add(broker + "=" + address + " (" + e + ")");
          }
        });
    return unreachable.isEmpty()
        ? "all others of RAFT_PEERS can be connected to"
        : "of RAFT_PEERS cannot be connected to: " + String.join(", ", unreachable);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
