package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.bucket.Incarnation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;

/** Who is in the Raft group, and under which name: each member is a broker with a Raft folder. */
final class GroupMembers {
  private GroupMembers() {}

  /**
   * @param voters the folder of each broker that votes
   */
  static RaftGroup group(
      MetadataConfig config, Incarnation incarnation, Map<Integer, UUID> voters) {
    List<RaftPeer> peers = new ArrayList<>();
    voters.forEach(
        (broker, storageId) -> {
          HostPort address = config.raftPeers().getOrDefault(broker, config.raftListen());
          peers.add(
              RaftPeer.newBuilder()
                  .setId(peerId(broker, storageId))
                  .setAddress(address.toString())
                  .build());
        });
    return RaftGroup.valueOf(RaftGroupId.valueOf(incarnation.groupId()), peers);
  }

  static RaftGroup withoutBroker(int broker, RaftGroup group) {
    List<RaftPeer> rest = new ArrayList<>(group.getPeers());
    rest.removeIf(peer -> isOf(broker, peer.getId()));
    return RaftGroup.valueOf(group.getGroupId(), rest);
  }

  /** Born with the Raft folder: an empty folder never votes under an old id. */
  static RaftPeerId peerId(int broker, UUID storageId) {
    return RaftPeerId.valueOf(broker + "-" + storageId);
  }

  /** Whether a member is a folder of that broker's. */
  static boolean isOf(int broker, RaftPeerId member) {
    return member.toString().startsWith(broker + "-");
  }
}
