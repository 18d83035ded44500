package io.sediment.frontend.handler;

import java.net.InetAddress;

/**
 * Who is at the other end of a connection.
 *
 * @param connectionId unique while the process lives; for log lines
 * @param softwareName what the client's library calls itself, "unknown" before it said so
 */
public record ClientInfo(
    long connectionId,
    InetAddress address,
    int port,
    String listener,
    String softwareName,
    String softwareVersion) {
  public static final String UNKNOWN = "unknown";

  public ClientInfo withSoftware(String name, String version) {
    return new ClientInfo(connectionId, address, port, listener, name, version);
  }

  @Override
  public String toString() {
    return "#" + connectionId + " " + address.getHostAddress() + ":" + port;
  }
}
