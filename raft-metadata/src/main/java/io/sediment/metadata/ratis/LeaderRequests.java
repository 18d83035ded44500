package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.RaftClientReplyProto;
import org.apache.ratis.proto.RaftProtos.RaftClientRequestProto;
import org.apache.ratis.proto.grpc.RaftClientProtocolServiceGrpc;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * Takes requests to the member that leads: to this one without a detour, else over the network.
 *
 * <p>Whom to ask, the local server knows best: it hears from the leader, or votes for the next.
 * Each attempt is a call of its own with a deadline, so that one which fails takes no other with
 * it; a client of Ratis queues all requests on one stream, in order, and guesses the leader by
 * asking around. Thread-safe; nothing here blocks.
 */
final class LeaderRequests implements AutoCloseable {
  /** After which a write that failed is sent again. */
  static final Duration PAUSE = Duration.ofMillis(50);

  private final RaftServer server;
  private final RaftGroup group;
  private final RaftPeerId self;
  private final int messageBytesMax;
  private final Duration attemptTimeout;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();
  private final Map<RaftPeerId, ManagedChannel> channels = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * @param attemptTimeout after which a leader that was asked over the network counts as hung
   */
  LeaderRequests(
      RaftServer server,
      RaftGroup group,
      RaftPeerId self,
      int messageBytesMax,
      Duration attemptTimeout,
      Scheduler scheduler,
      Ticker ticker) {
    this.server = server;
    this.group = group;
    this.self = self;
    this.messageBytesMax = messageBytesMax;
    this.attemptTimeout = attemptTimeout;
    this.scheduler = scheduler;
    this.ticker = ticker;
  }

  /**
   * Appends to the log, once however often it has to be asked for: all attempts bear one number, by
   * which the group tells them apart from other requests.
   *
   * @return fails with {@link MetadataUnavailableException} where nobody has answered in {@code
   *     timeout}; the outcome is unknown then
   */
  CompletableFuture<RaftClientReply> write(Message message, Duration timeout) {
    CompletableFuture<RaftClientReply> answer = new CompletableFuture<>();
    new Write(callIds.incrementAndGet(), message, ticker.nanoTime() + timeout.toNanos(), answer)
        .attempt();
    return answer;
  }

  /** Asks the leader's state machine; one attempt. */
  CompletableFuture<RaftClientReply> read(Message message) {
    return ask(message, RaftClientRequest.readRequestType());
  }

  /** Asks the state machine of whoever may lead, and no majority whether it does; one attempt. */
  CompletableFuture<RaftClientReply> readUnconfirmed(Message message) {
    return ask(message, RaftClientRequest.staleReadRequestType(0));
  }

  private CompletableFuture<RaftClientReply> ask(Message message, RaftClientRequest.Type type) {
    RaftPeerId leader = leader();
    return leader == null
        ? CompletableFuture.failedFuture(noLeader())
        : send(leader, callIds.incrementAndGet(), message, type);
  }

  /** Has another member lead instead of this one, which does. */
  CompletableFuture<RaftClientReply> pass(RaftPeerId next, Duration timeout) {
    return checked(
        () ->
            server.transferLeadershipAsync(
                new TransferLeadershipRequest(
                    clientId,
                    self,
                    group.getGroupId(),
                    callIds.incrementAndGet(),
                    next,
                    timeout.toMillis())));
  }

  private static MetadataUnavailableException noLeader() {
    return new MetadataUnavailableException("the metadata group has no leader");
  }

  private @Nullable RaftPeerId leader() {
    try {
      return server.getDivision(group.getGroupId()).getInfo().getLeaderId();
    } catch (IOException e) {
      // The group is closed.
      return null;
    }
  }

  /** Completes with a reply that is a success, else fails. */
  private CompletableFuture<RaftClientReply> send(
      RaftPeerId member, long callId, Message message, RaftClientRequest.Type type) {
    if (closed) {
      return CompletableFuture.failedFuture(new MetadataUnavailableException("closed"));
    }
    RaftClientRequest request =
        RaftClientRequest.newBuilder()
            .setClientId(clientId)
            .setServerId(member)
            .setGroupId(group.getGroupId())
            .setCallId(callId)
            .setMessage(message)
            .setType(type)
            .build();
    return checked(
        () ->
            member.equals(self)
                ? server.submitClientRequestAsync(request)
                : call(channel(member), request));
  }

  /** Sends something. */
  @FunctionalInterface
  private interface Sending {
    CompletableFuture<RaftClientReply> send() throws IOException;
  }

  /** A reply that says no is a failure. */
  private static CompletableFuture<RaftClientReply> checked(Sending sending) {
    CompletableFuture<RaftClientReply> reply;
    try {
      reply = sending.send();
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
    return reply.thenCompose(
        answer ->
            answer.isSuccess()
                ? CompletableFuture.completedFuture(answer)
                : CompletableFuture.failedFuture(answer.getException()));
  }

  private ManagedChannel channel(RaftPeerId member) throws IOException {
    @Nullable RaftPeer peer = server.getDivision(group.getGroupId()).getRaftConf().getPeer(member);
    if (peer == null) {
      throw new IOException("not a member, as far as is known here: " + member);
    }
    String address = peer.getAddress();
    ManagedChannel channel =
        channels.computeIfAbsent(
            member,
            id ->
                NettyChannelBuilder.forTarget(address)
                    .usePlaintext()
                    .proxyDetector(target -> null)
                    .maxInboundMessageSize(messageBytesMax)
                    .build());
    // The leader may be back: no use waiting for the end of a pause that grew while it was away.
    channel.resetConnectBackoff();
    if (closed) {
      channel.shutdownNow();
    }
    return channel;
  }

  private CompletableFuture<RaftClientReply> call(
      ManagedChannel channel, RaftClientRequest request) {
    CompletableFuture<RaftClientReply> answer = new CompletableFuture<>();
    StreamObserver<RaftClientRequestProto> requests =
        RaftClientProtocolServiceGrpc.newStub(channel)
            .withDeadlineAfter(attemptTimeout.toNanos(), TimeUnit.NANOSECONDS)
            .unordered(
                new StreamObserver<>() {
                  @Override
                  public void onNext(RaftClientReplyProto reply) {
                    answer.complete(ClientProtoUtils.toRaftClientReply(reply));
                  }

                  @Override
                  public void onError(Throwable failure) {
                    if (Status.fromThrowable(failure).getCode() == Status.Code.DEADLINE_EXCEEDED) {
                      // Its machine may be gone and back, and this connection with nobody on its
                      // other end. Calls under way stay on it, the next one makes another.
                      channel.enterIdle();
                    }
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {
                    answer.completeExceptionally(
                        new IOException("no reply of " + request.getServerId()));
                  }
                });
    requests.onNext(ClientProtoUtils.toRaftClientRequestProto(request));
    requests.onCompleted();
    return answer;
  }

  /** Attempts under way end by their deadlines, or when their channel is shut; none is begun. */
  @Override
  public void close() {
    closed = true;
    channels.values().forEach(ManagedChannel::shutdownNow);
  }

  /** One request, however often it is sent. */
  private final class Write {
    private final long callId;
    private final Message message;
    private final long deadline;
    private final CompletableFuture<RaftClientReply> answer;

    Write(long callId, Message message, long deadline, CompletableFuture<RaftClientReply> answer) {
      this.callId = callId;
      this.message = message;
      this.deadline = deadline;
      this.answer = answer;
    }

    void attempt() {
      RaftPeerId leader = leader();
      CompletableFuture<RaftClientReply> attempt =
          leader == null
              ? CompletableFuture.failedFuture(noLeader())
              : send(leader, callId, message, RaftClientRequest.writeRequestType());
      attempt.whenComplete(
          (reply, failure) -> {
            if (failure == null) {
              answer.complete(reply);
            } else {
              failed(failure);
            }
          });
    }

    private void failed(Throwable failure) {
      Throwable cause = Failures.causeOf(failure);
      boolean mayPass = !closed && !(cause instanceof StateMachineException);
      if (mayPass && ticker.nanoTime() - deadline < 0) {
        scheduler.schedule(this::attempt, PAUSE);
      } else {
        answer.completeExceptionally(
            new MetadataUnavailableException("metadata log: " + cause, cause));
      }
    }
  }
}
