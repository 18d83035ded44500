package io.sediment.metadata;

import io.sediment.metadata.MetadataConfig.HostPort;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Who keeps the metadata log and how far each of them is, as its leader sees it.
 *
 * <pre>
 *   question  0 (u8; heartbeats begin with their format version, from 1), format version (u8)
 *   answer    format version (u8), leader, term, committed index + 1, last index + 1 (varints), then count
 *             (varint) of members and of each: broker (varint), storage id (uuid), host (text),
 *             port (varint), votes (u8: 0 or 1), last index + 1, milliseconds of silence (varints)
 * </pre>
 *
 * @param leader its broker id
 * @param committedIndex a majority has everything up to it
 * @param lastIndex of the leader's log
 */
public record MetadataQuorum(
    int leader, long term, long committedIndex, long lastIndex, List<Member> members) {
  private static final int QUESTION = 0;
  private static final int VERSION = 1;
  private static final int MEMBER_BYTES_MIN = 22;

  /**
   * A broker that has the log.
   *
   * @param storageId of its Raft folder
   * @param votes whether it counts towards a majority
   * @param lastIndex of its log as far as the leader knows, -1 where it knows nothing
   * @param silentFor since the leader heard of it last
   */
  public record Member(
      int broker,
      UUID storageId,
      HostPort address,
      boolean votes,
      long lastIndex,
      Duration silentFor) {}

  public MetadataQuorum {
    members = List.copyOf(members);
  }

  public static byte[] question() {
    return new MetadataOutput().u8(QUESTION).u8(VERSION).toByteArray();
  }

  public static boolean isQuestion(ByteBuffer bytes) {
    return bytes.hasRemaining() && bytes.get(bytes.position()) == QUESTION;
  }

  public byte[] encode() {
    MetadataOutput out = new MetadataOutput().u8(VERSION).varint(leader).varint(term);
    out.varint(committedIndex + 1).varint(lastIndex + 1).varint(members.size());
    for (Member member : members) {
      out.varint(member.broker()).uuid(member.storageId()).text(member.address().host());
      out.varint(member.address().port()).u8(member.votes() ? 1 : 0);
      out.varint(member.lastIndex() + 1).varint(member.silentFor().toMillis());
    }
    return out.toByteArray();
  }

  public static MetadataQuorum decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "metadata quorum");
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("format version " + version);
    }
    int leader = in.varint32();
    long term = in.varint();
    long committedIndex = in.varint() - 1;
    long lastIndex = in.varint() - 1;
    List<Member> members = new ArrayList<>();
    for (int i = in.count(MEMBER_BYTES_MIN); i > 0; i--) {
      members.add(
          new Member(
              in.varint32(),
              in.uuid(),
              new HostPort(in.text(), in.varint32()),
              in.flag(),
              in.varint() - 1,
              Duration.ofMillis(in.varint())));
    }
    in.end();
    return new MetadataQuorum(leader, term, committedIndex, lastIndex, members);
  }
}
