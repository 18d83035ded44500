package io.sediment.metadata.ratis;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.ratis.proto.RaftProtos.LeaderInfoProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;

/** What Ratis says where broker 0 leads, and has one entry; the others vote, too. */
final class LedGroup {
  static final long LACKS_ALL = -1;
  static final long HAS_ALL = 0;

  private final long[] lastIndexes;
  private final long[] silentMs;

  /**
   * @param others how many vote, too: brokers 1, 2 and so on; each has all, and was heard just now
   */
  LedGroup(int others) {
    this.lastIndexes = new long[others];
    this.silentMs = new long[others];
  }

  void knowsToHave(int broker, long lastIndex) {
    lastIndexes[broker - 1] = lastIndex;
  }

  void heard(int broker, long agoMs) {
    silentMs[broker - 1] = agoMs;
  }

  RaftServer.Division division() {
    DivisionInfo info =
        answering(
            DivisionInfo.class,
            Map.of("getRoleInfoProto", this::role, "getFollowerMatchIndices", () -> lastIndexes));
    List<RaftPeer> voters =
        IntStream.rangeClosed(0, silentMs.length).mapToObj(LedGroup::voter).toList();
    RaftConfiguration members =
        answering(RaftConfiguration.class, Map.of("getCurrentPeers", () -> voters));
    RaftLog log = answering(RaftLog.class, Map.of("getNextIndex", () -> 1L, "get", () -> null));
    return answering(
        RaftServer.Division.class,
        Map.of(
            "getId",
            () -> id(0),
            "getInfo",
            () -> info,
            "getRaftConf",
            () -> members,
            "getRaftLog",
            () -> log));
  }

  /** Knows some methods, by their names. */
  private static <T> T answering(Class<T> type, Map<String, Supplier<Object>> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              Supplier<Object> answer = answers.get(method.getName());
              if (answer == null) {
                throw new UnsupportedOperationException(method.toString());
              }
              return answer.get();
            }));
  }

  private static RaftPeerId id(int broker) {
    return GroupMembers.peerId(broker, new UUID(0, broker));
  }

  private static RaftPeer voter(int broker) {
    return RaftPeer.newBuilder().setId(id(broker)).build();
  }

  private RoleInfoProto role() {
    LeaderInfoProto.Builder leader = LeaderInfoProto.newBuilder();
    for (int i = 0; i < silentMs.length; i++) {
      RaftPeerProto peer = RaftPeerProto.newBuilder().setId(id(i + 1).toByteString()).build();
      leader.addFollowerInfo(
          ServerRpcProto.newBuilder().setId(peer).setLastRpcElapsedTimeMs(silentMs[i]));
    }
    return RoleInfoProto.newBuilder().setLeaderInfo(leader).build();
  }
}
