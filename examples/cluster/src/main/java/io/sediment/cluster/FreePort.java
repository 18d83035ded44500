package io.sediment.cluster;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;

/**
 * Looks at an address before anything is touched, and says in words why it cannot be listened on:
 * libraries report a taken port without its number.
 */
final class FreePort {
  private FreePort() {}

  /**
   * @param hostSetting the variable that named {@code host}
   * @param portSetting the variable that named {@code port}
   */
  static void require(String hostSetting, String portSetting, String host, int port)
      throws BindException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(host, port));
    } catch (IOException | IllegalArgumentException e) {
      if (!isAddressOfThisMachine(host)) {
        throw new InvalidSettingException(hostSetting, host, "an address of this machine");
      }
      BindException named =
          new BindException(
              portSetting + ": cannot listen on " + host + ":" + port + ": " + e.getMessage());
      named.initCause(e);
      throw named;
    }
  }

  private static boolean isAddressOfThisMachine(String host) {
    try {
      InetAddress address = InetAddress.getByName(host);
      return address.isAnyLocalAddress()
          || address.isLoopbackAddress()
          || NetworkInterface.getByInetAddress(address) != null;
    } catch (IOException unknown) {
      return false;
    }
  }
}
