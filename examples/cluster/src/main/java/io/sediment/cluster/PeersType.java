package io.sediment.cluster;

import io.sediment.cluster.ValueTypes.HostAndPort;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * {@code 0=host:port,1=host:port}: every voter by broker id. Empty text: no peers. With the first
 * start bucket and folders are bound to the ids for good, so what cannot be a group is told apart
 * here.
 */
final class PeersType implements Setting.ValueType<TreeMap<Integer, HostAndPort>> {
  private record Peer(int id, HostAndPort address) {}

  @Override
  public Optional<TreeMap<Integer, HostAndPort>> parse(String text) {
    if (objection(text).isPresent()) {
      return Optional.empty();
    }
    TreeMap<Integer, HostAndPort> peers = new TreeMap<>();
    ValueTypes.listed(text).stream()
        .flatMap(entry -> parsePeer(entry).stream())
        .forEach(peer -> peers.put(peer.id(), peer.address()));
    return Optional.of(peers);
  }

  /** Of the first entry that is wrong by itself or beside those before it. */
  @Override
  public Optional<String> objection(String text) {
    Map<Integer, HostAndPort> addresses = new HashMap<>();
    Map<String, Integer> ids = new HashMap<>();
    for (String entry : ValueTypes.listed(text)) {
      Optional<Peer> parsed = parsePeer(entry);
      if (parsed.isEmpty()) {
        return Optional.of(InvalidSettingException.shown(entry) + " is no id=host:port");
      }
      Peer peer = parsed.get();
      HostAndPort other = addresses.put(peer.id(), peer.address());
      if (other != null) {
        return Optional.of(
            "broker " + peer.id() + " is there twice, at " + other + " and at " + peer.address());
      }
      Integer neighbour = ids.put(inLowerCase(peer.address()), peer.id());
      if (neighbour != null) {
        return Optional.of(
            "brokers " + neighbour + " and " + peer.id() + " have one address, " + peer.address());
      }
    }
    return Optional.empty();
  }

  @Override
  public String allowed() {
    return "a list like 0=host:port,1=host:port, or nothing";
  }

  private static Optional<Peer> parsePeer(String entry) {
    String[] idAndAddress = entry.split("=", 2);
    if (idAndAddress.length != 2 || !idAndAddress[0].matches("\\d{1,9}")) {
      return Optional.empty();
    }
    int id = Integer.parseInt(idAndAddress[0]);
    return ValueTypes.parseHostAndPort(idAndAddress[1]).map(address -> new Peer(id, address));
  }

  /** As names of hosts are compared. */
  private static String inLowerCase(HostAndPort address) {
    return address.toString().toLowerCase(Locale.ROOT);
  }
}
