package io.sediment.cluster.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;
import org.jspecify.annotations.Nullable;

/**
 * Groups of one classic member each that commit at a steady rate, whatever comes back: a connection
 * per group, as consumers have, and one thread for all of them. A commit is timed from the moment
 * it was due, so that one that waits behind another is as late as it was for its group.
 */
final class CommitLoad implements AutoCloseable {
  private static final short JOIN_VERSION = 3; // the last one that takes members in one step
  private static final short SYNC_VERSION = 2;
  private static final short COMMIT_VERSION = 8;
  private static final int SESSION_MS = 60_000; // commits keep members alive, too
  private static final String CLIENT = "commit-load";
  private static final String ASSIGNOR = "range";

  /** What came of one run. Times are of all answered commits, sorted. */
  record Result(double perSecond, long[] nanos, long refused) {
    double millis(double quantile) {
      return nanos.length == 0
          ? Double.NaN
          : nanos[(int) Math.min(nanos.length - 1L, (long) (nanos.length * quantile))] / 1e6;
    }
  }

  private final String topic;
  private final int partitions;
  private final Selector selector = Selector.open();
  private final List<Group> groups = new ArrayList<>();

  // Of the run under way.
  private long[] nanos = new long[1 << 16];
  private int answered;
  private long refused;

  private final class Group {
    private final String id;
    private final SocketChannel channel;
    private final SelectionKey key;
    private final ByteBuffer in = ByteBuffer.allocate(4096);
    private @Nullable ByteBuffer out;
    private @Nullable RequestHeader sent;
    private long dueNanos;
    private int behind; // commits that were due while one was under way
    private String memberId = "";
    private int generation;
    private long commits;

    Group(String id, InetSocketAddress address) throws IOException {
      this.id = id;
      channel = SocketChannel.open(address);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      key = channel.register(selector, SelectionKey.OP_READ, this);
    }

    void send(ApiMessage message, short version) throws IOException {
      sent =
          new RequestHeader(
              ApiKeys.forId(message.apiKey()), version, CLIENT, (int) (commits & 0x7fffffff));
      ByteBuffer body =
          RequestUtils.serialize(sent.data(), sent.headerVersion(), message, sent.apiVersion());
      out = ByteBuffer.allocate(4 + body.remaining()).putInt(body.remaining()).put(body).flip();
      write();
    }

    void write() throws IOException {
      if (out != null) {
        channel.write(out);
        boolean done = !out.hasRemaining();
        key.interestOps(done ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        out = done ? null : out;
      }
    }

    /** The next answer, or null while it is not whole. */
    @Nullable AbstractResponse read() throws IOException {
      if (channel.read(in) < 0) {
        throw new EOFException("the broker closed the connection of " + id);
      }
      if (in.position() < 4 || in.position() < 4 + in.getInt(0) || sent == null) {
        return null;
      }
      in.flip().getInt();
      AbstractResponse response = AbstractResponse.parseResponse(in, sent);
      in.clear();
      sent = null;
      return response;
    }

    void join() throws IOException {
      JoinGroupRequestData join =
          new JoinGroupRequestData()
              .setGroupId(id)
              .setSessionTimeoutMs(SESSION_MS)
              .setRebalanceTimeoutMs(SESSION_MS)
              .setProtocolType("consumer");
      join.protocols()
          .add(new JoinGroupRequestProtocol().setName(ASSIGNOR).setMetadata(new byte[0]));
      send(join, JOIN_VERSION);
    }

    void sync() throws IOException {
      send(
          new SyncGroupRequestData()
              .setGroupId(id)
              .setMemberId(memberId)
              .setGenerationId(generation)
              .setAssignments(
                  List.of(
                      new SyncGroupRequestAssignment()
                          .setMemberId(memberId)
                          .setAssignment(new byte[] {0}))),
          SYNC_VERSION);
    }

    void commit(long due) throws IOException {
      dueNanos = due;
      send(
          new OffsetCommitRequestData()
              .setGroupId(id)
              .setMemberId(memberId)
              .setGenerationIdOrMemberEpoch(generation)
              .setTopics(
                  List.of(
                      new OffsetCommitRequestTopic()
                          .setName(topic)
                          .setPartitions(
                              List.of(
                                  new OffsetCommitRequestPartition()
                                      .setPartitionIndex((int) (commits % partitions))
                                      .setCommittedOffset(commits))))),
          COMMIT_VERSION);
      commits++;
    }
  }

  /**
   * @param partitions of the topic, which each group commits in turn
   */
  CommitLoad(String bootstrap, String topic, int partitions, int count) throws IOException {
    this.topic = topic;
    this.partitions = partitions;
    String[] hostAndPort = bootstrap.split(":", 2);
    InetSocketAddress address =
        new InetSocketAddress(hostAndPort[0], Integer.parseInt(hostAndPort[1]));
    for (int i = 0; i < count; i++) {
      groups.add(new Group("group-" + i, address));
    }
  }

  /** Every group gets its member; the coordinator's partitions must be led already. */
  void join() throws IOException {
    for (Group group : groups) {
      group.join();
    }
    int[] stable = new int[1];
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (stable[0] < groups.size()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("stable groups: " + stable[0] + " of " + groups.size());
      }
      select(1, group -> stable[0] += joinOn(group) ? 1 : 0);
    }
  }

  private static boolean joinOn(Group group) throws IOException {
    AbstractResponse response = group.read();
    if (response instanceof JoinGroupResponse joined) {
      if (joined.error() != Errors.NONE) {
        group.join();
      } else {
        group.memberId = joined.data().memberId();
        group.generation = joined.data().generationId();
        group.sync();
      }
      return false;
    }
    if (response != null && !response.errorCounts().containsKey(Errors.NONE)) {
      group.sync();
      return false;
    }
    return response != null;
  }

  /** What to do with a connection that has something to read. */
  @FunctionalInterface
  private interface Reader {
    void read(Group group) throws IOException;
  }

  private void select(long timeoutMs, Reader reader) throws IOException {
    if (timeoutMs > 0) {
      selector.select(timeoutMs);
    } else {
      selector.selectNow();
    }
    for (SelectionKey key : selector.selectedKeys()) {
      Group group = (Group) key.attachment();
      if (key.isWritable()) {
        group.write();
      }
      if (key.isReadable()) {
        reader.read(group);
      }
    }
    selector.selectedKeys().clear();
  }

  /** Commits {@code perGroup} times a second for each group, spread evenly over the time. */
  Result run(int perGroup, int seconds) throws IOException {
    answered = 0;
    refused = 0;
    long pauseNanos = TimeUnit.SECONDS.toNanos(1) / ((long) perGroup * groups.size());
    long total = (long) perGroup * groups.size() * seconds;
    long begin = System.nanoTime();
    long next = 0;
    while (next < total) {
      long now = System.nanoTime();
      while (next < total && begin + next * pauseNanos <= now) {
        Group group = groups.get((int) (next % groups.size()));
        if (group.sent == null) {
          group.commit(begin + next * pauseNanos);
        } else {
          group.behind++;
        }
        next++;
      }
      long untilNextMs = (begin + next * pauseNanos - System.nanoTime()) / 1_000_000;
      select(Math.max(0, untilNextMs), group -> commitOn(group, perGroup));
    }
    long drained = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (groups.stream().anyMatch(group -> group.sent != null) && System.nanoTime() < drained) {
      select(1, group -> commitOn(group, perGroup));
    }
    double took = (System.nanoTime() - begin) / 1e9;
    long[] sorted = Arrays.copyOf(nanos, answered);
    Arrays.sort(sorted);
    return new Result(answered / took, sorted, refused);
  }

  private void commitOn(Group group, int perGroup) throws IOException {
    AbstractResponse response = group.read();
    if (response == null) {
      return;
    }
    if (response.errorCounts().containsKey(Errors.NONE)) {
      if (answered == nanos.length) {
        nanos = Arrays.copyOf(nanos, nanos.length * 2);
      }
      nanos[answered++] = System.nanoTime() - group.dueNanos;
    } else {
      refused++;
    }
    if (group.behind > 0) {
      group.behind--;
      group.commit(group.dueNanos + TimeUnit.SECONDS.toNanos(1) / perGroup);
    }
  }

  @Override
  public void close() throws IOException {
    for (Group group : groups) {
      group.channel.close();
    }
    selector.close();
  }
}
