package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataQuorum.Member;
import io.sediment.metadata.MetadataUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;

/** What the Raft leader knows of the members of its group. */
final class QuorumReport {
  private static final Comparator<RaftPeerId> BY_NAME = Comparator.comparing(RaftPeerId::toString);

  private record Heard(long lastIndex, Duration silentFor) {}

  private QuorumReport() {}

  /**
   * @throws MetadataUnavailableException where this member does not lead, or the group changes
   */
  static MetadataQuorum of(RaftServer.Division division) {
    Map<RaftPeerId, Heard> heard = heard(division);
    long lastIndex = lastIndex(division);
    heard.put(division.getId(), new Heard(lastIndex, Duration.ZERO));
    List<Member> members = new ArrayList<>();
    division
        .getRaftConf()
        .getCurrentPeers()
        .forEach(peer -> members.add(member(peer, true, heard)));
    division
        .getRaftConf()
        .getAllPeers(RaftPeerRole.LISTENER)
        .forEach(peer -> members.add(member(peer, false, heard)));
    return new MetadataQuorum(
        broker(division.getId()),
        division.getInfo().getCurrentTerm(),
        division.getRaftLog().getLastCommittedIndex(),
        lastIndex,
        members);
  }

  /**
   * Who should lead when this member, which does, no longer can: the most complete voter there is.
   *
   * @param excluded not these
   * @param unwanted these only where nobody else is there
   */
  static Optional<RaftPeerId> successor(
      RaftServer.Division division,
      Duration silentMax,
      Set<RaftPeerId> excluded,
      Predicate<RaftPeerId> unwanted) {
    Map<RaftPeerId, Heard> heard = heard(division);
    heard.values().removeIf(follower -> follower.silentFor().compareTo(silentMax) > 0);
    heard
        .keySet()
        .retainAll(division.getRaftConf().getCurrentPeers().stream().map(RaftPeer::getId).toList());
    heard.keySet().removeAll(excluded);
    return heard.entrySet().stream()
        .max(
            Comparator.comparing(
                    (Map.Entry<RaftPeerId, Heard> follower) -> !unwanted.test(follower.getKey()))
                .thenComparing(follower -> follower.getValue().lastIndex()))
        .map(Map.Entry::getKey);
  }

  /**
   * For how long the others were silent: to this member where it leads, and while it stands for
   * election in vain, so that it may not reach them. Empty otherwise.
   */
  static Map<RaftPeerId, Duration> silence(RaftServer.Division division) {
    Map<RaftPeerId, Duration> silence = new TreeMap<>(BY_NAME);
    RoleInfoProto role = division.getInfo().getRoleInfoProto();
    if (role.hasLeaderInfo()) {
      role.getLeaderInfo().getFollowerInfoList().forEach(each -> silence.put(id(each), time(each)));
    } else if (role.hasCandidateInfo()) {
      Duration time = Duration.ofMillis(role.getCandidateInfo().getLastLeaderElapsedTimeMs());
      division.getRaftConf().getCurrentPeers().forEach(peer -> silence.put(peer.getId(), time));
      silence.remove(division.getId());
    }
    return silence;
  }

  /** The last entry that the leader knows a member to have; -1 where it knows of none. */
  static long lastIndexOf(RaftServer.Division division, RaftPeerId member) {
    Heard heard = heard(division).get(member);
    return heard == null ? -1 : heard.lastIndex();
  }

  private static long lastIndex(RaftServer.Division division) {
    return division.getRaftLog().getNextIndex() - 1;
  }

  private static Map<RaftPeerId, Heard> heard(RaftServer.Division division) {
    // Both in the order in which the leader keeps those that it sends its log to.
    List<ServerRpcProto> followers =
        division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList();
    long[] matches = division.getInfo().getFollowerMatchIndices();
    if (matches == null || matches.length != followers.size()) {
      throw new MetadataUnavailableException("the members of the metadata group are changing");
    }
    Map<RaftPeerId, Heard> heard = new TreeMap<>(BY_NAME);
    for (int i = 0; i < matches.length; i++) {
      ServerRpcProto follower = followers.get(i);
      heard.put(id(follower), new Heard(matches[i], time(follower)));
    }
    return heard;
  }

  private static RaftPeerId id(ServerRpcProto follower) {
    return RaftPeerId.valueOf(follower.getId().getId());
  }

  private static Duration time(ServerRpcProto follower) {
    return Duration.ofMillis(follower.getLastRpcElapsedTimeMs());
  }

  private static Member member(RaftPeer peer, boolean votes, Map<RaftPeerId, Heard> heard) {
    Heard known = heard.getOrDefault(peer.getId(), new Heard(-1, Duration.ZERO));
    String address = peer.getAddress();
    int colon = address.lastIndexOf(':');
    return new Member(
        broker(peer.getId()),
        UUID.fromString(idParts(peer.getId())[1]),
        new HostPort(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
        votes,
        known.lastIndex(),
        known.silentFor());
  }

  static int broker(RaftPeerId id) {
    return Integer.parseInt(idParts(id)[0]);
  }

  /** Broker and storage id, as {@code RaftMetadata} puts them together. */
  private static String[] idParts(RaftPeerId id) {
    return id.toString().split("-", 2);
  }
}
