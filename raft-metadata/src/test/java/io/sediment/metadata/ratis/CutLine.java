package io.sediment.metadata.ratis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The way to a port, which can be cut: silently, as a cable is. Connections stay open, and what was
 * sent meanwhile arrives when the cut has healed, unless they are broken first. Or they are
 * forgotten, and stay open for good.
 */
final class CutLine implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 << 10;

  private final ServerSocket server;
  private final int target;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private boolean cut; // guarded by this
  private int forgotten; // how often; guarded by this

  CutLine(int target) throws IOException {
    this.target = target;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    run(
        () -> {
          while (true) {
            Socket client = server.accept();
            run(() -> connect(client));
          }
        });
  }

  int port() {
    return server.getLocalPort();
  }

  synchronized void cut() {
    cut = true;
  }

  /** What was sent since the cut never arrives. */
  void breakConnections() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  /**
   * As where the machine behind loses its power and comes back: nothing passes on a connection that
   * there is, but it stays open. New ones work.
   */
  synchronized void forgetConnections() {
    forgotten++;
  }

  private synchronized int timesForgotten() {
    return forgotten;
  }

  synchronized void heal() {
    cut = false;
    notifyAll();
  }

  private synchronized void awaitWhole() throws InterruptedException {
    while (cut) {
      wait();
    }
  }

  private Void connect(Socket client) throws IOException, InterruptedException {
    awaitWhole();
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
    } catch (IOException refused) {
      client.close();
      return null;
    }
    sockets.add(client);
    sockets.add(socket);
    int age = timesForgotten();
    run(() -> pass(client, socket, age));
    return pass(socket, client, age);
  }

  private Void pass(Socket in, Socket out, int age) throws IOException, InterruptedException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (in;
        out) {
      InputStream source = in.getInputStream();
      OutputStream sink = out.getOutputStream();
      for (int count = source.read(buffer); count >= 0; count = source.read(buffer)) {
        awaitWhole();
        if (age == timesForgotten()) {
          sink.write(buffer, 0, count);
        }
      }
    }
    return null;
  }

  /** What fails because a connection breaks ends with it. */
  private void run(Callable<Void> task) {
    threads.submit(task);
  }

  @Override
  public void close() throws IOException {
    server.close();
    threads.shutdownNow();
  }
}
