package io.sediment.metadata.ratis;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.ImageLayout;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataOutput;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.Partition;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.metadata.Topic;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.FreePorts;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * The metadata of a large cluster in one process: three voters that speak Raft over loopback, with
 * their databases on disk and their exports in a bucket in memory, while the brokers whose lanes
 * and partitions they keep are made up. Prints what docs/scaling.md quotes.
 *
 * <pre>ScaleBench BROKERS PARTITIONS</pre>
 */
public final class ScaleBench {
  private static final int VOTERS = 3;
  private static final int PARTITIONS_PER_TOPIC = 100;
  private static final int TOPICS_PER_COMMAND = 10;

  /** So long that no pause of this one process makes its voters elect. */
  private static final Duration LEASE = Duration.ofSeconds(10);

  private static final int MOVED_TOGETHER = 250; // as PartitionHandoff does

  private final int brokers;
  private final int partitions;
  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("bench", 4);
  private final ObjectStore store = new MemoryObjectStore(scheduler);
  private final ExecutorService starters = Executors.newFixedThreadPool(VOTERS);
  private final Path folder = Files.createTempDirectory("scale-bench");
  private final Map<Integer, HostPort> addresses = new TreeMap<>();
  private final List<RaftMetadata> voters = new ArrayList<>();
  private final List<Long> brokerEpochs = new ArrayList<>();

  private ScaleBench(int brokers, int partitions) throws IOException {
    this.brokers = brokers;
    this.partitions = partitions;
  }

  public static void main(String[] args) throws Exception {
    ScaleBench bench = new ScaleBench(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
    System.out.printf("%d brokers, %d partitions%n", bench.brokers, bench.partitions);
    try {
      bench.run();
    } catch (RuntimeException e) {
      e.printStackTrace();
      System.exit(1); // with all the threads that were started
    }
  }

  private void run() throws Exception {
    applyAlone();
    start();
    registerBrokers();
    long heapBefore = heapMb();
    createTopics();
    System.out.printf(
        "heap of one image: about %d MB (of %d voters: %d MB)%n",
        (heapMb() - heapBefore) / VOTERS, VOTERS, heapMb() - heapBefore);
    MetadataOutput snapshot = new MetadataOutput();
    long begin = System.nanoTime();
    ImageLayout.write(image(), snapshot);
    took("a snapshot of " + snapshot.toByteArray().length / 1024 + " KB is written", begin);
    System.out.printf(
        "state and log of a voter on disk: %d KB%n", bytesOf(folder.resolve("0")) >> 10);
    heartbeats();
    raiseLogStarts();
    handOver();
    failOver();
    restart();
    for (RaftMetadata voter : voters) {
      voter.close();
    }
    starters.shutdown();
    scheduler.close();
    Folders.delete(folder);
  }

  /** What commands cost a member in processor time, whatever else the machine does. */
  private void applyAlone() {
    InMemoryClusterMetadata alone = new InMemoryClusterMetadata("scale-bench-0000000000");
    for (int i = 0; i < brokers; i++) {
      LaneId lane = new LaneId(i);
      long epoch = alone.accept(new RegisterBroker(i, new UUID(1, i), "host", 9092, null));
      alone.accept(new RegisterLane(lane, i));
      alone.accept(new LaneOpened(lane, alone.accept(new OpenLane(lane, i, epoch)), Map.of()));
    }
    for (int first = 0; first < partitions / PARTITIONS_PER_TOPIC; first += TOPICS_PER_COMMAND) {
      alone.accept(new CreateTopics(topics(first)));
    }
    LaneId lane = new LaneId(2);
    Map<PartitionId, Long> ends = partitionsOf(alone.image(), lane, 1_000_000);
    List<MovePartitions.Move> some = moves(alone.image(), ends);
    some = some.subList(0, Math.min(some.size(), MOVED_TOGETHER));
    cpu(
        "MovePartitions of " + some.size() + " is applied",
        alone.image(),
        new MovePartitions(lane, 1, some));
    cpu(
        "RaiseLogStarts of " + ends.size() + " is applied",
        alone.image(),
        new RaiseLogStarts(ends));
    long epoch = alone.accept(new SealLane(lane, 1, 0, 1));
    cpu(
        "LaneSealed with " + ends.size() + " is applied",
        alone.image(),
        new LaneSealed(lane, epoch, ends));
  }

  private static void cpu(String what, MetadataImage image, MetadataCommand<?> command) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 7; i++) {
      long begin = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      CommandResult<?> result = command.applyTo(image).result();
      least =
          Math.min(least, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - begin);
      if (!result.isAccepted()) {
        throw new IllegalStateException(what + ": " + result);
      }
    }
    System.out.printf("%s: %.1f ms of processor time%n", what, least / 1e6);
  }

  private void start() throws IOException {
    FreePorts ports = new FreePorts();
    for (int i = 0; i < VOTERS; i++) {
      addresses.put(i, new HostPort("127.0.0.1", ports.take()));
    }
    List<CompletableFuture<RaftMetadata>> starting = new ArrayList<>();
    for (int i = 0; i < VOTERS; i++) {
      int voter = i;
      starting.add(CompletableFuture.supplyAsync(() -> open(voter), starters));
    }
    starting.forEach(it -> voters.add(it.join()));
  }

  private RaftMetadata open(int voter) {
    MetadataConfig config =
        MetadataConfig.ofOneBroker(
                voter, addresses.get(voter), folder.resolve(Integer.toString(voter)))
            .withPeers(addresses)
            .withLease(LEASE);
    try {
      return RaftMetadata.open(
          config,
          store,
          scheduler,
          SystemPorts.ticker(),
          SystemPorts.secureRandom(),
          (lane, incarnation, epoch) ->
              CompletableFuture.failedFuture(new IllegalStateException()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A member that follows, as most brokers do. */
  private RaftMetadata metadata() {
    return voters.stream().filter(voter -> !voter.leads()).findFirst().orElseThrow();
  }

  private MetadataImage image() {
    return metadata().image();
  }

  private <R> R submit(MetadataCommand<R> command) {
    return metadata().submit(command).join().valueOrThrow();
  }

  private void registerBrokers() {
    for (int i = 0; i < brokers; i++) {
      brokerEpochs.add(
          submit(new RegisterBroker(i, new UUID(1, i), "broker-" + i + ".example", 9092, null)));
      LaneId lane = metadata().lanes().register(i).join();
      submit(new RegisterLane(lane, i));
      long epoch = submit(new OpenLane(lane, i, brokerEpochs.get(i)));
      submit(new LaneOpened(lane, epoch, Map.of()));
    }
  }

  private void createTopics() {
    int topics = partitions / PARTITIONS_PER_TOPIC;
    long begin = System.nanoTime();
    for (int first = 0; first < topics; first += TOPICS_PER_COMMAND) {
      submit(new CreateTopics(topics(first)));
    }
    took(topics + " topics are created, " + TOPICS_PER_COMMAND + " at a time", begin);
  }

  private List<NewTopic> topics(int first) {
    List<NewTopic> some = new ArrayList<>();
    for (int i = first;
        i < Math.min(partitions / PARTITIONS_PER_TOPIC, first + TOPICS_PER_COMMAND);
        i++) {
      some.add(
          new NewTopic(
              new UUID(i * 0x9E37_79B9_7F4A_7C15L, i),
              "topic-" + i,
              PARTITIONS_PER_TOPIC,
              3,
              List.of(),
              Map.of("retention.ms", "86400000")));
    }
    return some;
  }

  private LaneId laneOf(int broker) {
    return image().lanes().values().stream()
        .filter(lane -> lane.owner() == broker && lane.isOpen())
        .findFirst()
        .orElseThrow()
        .id();
  }

  private Map<PartitionId, Long> partitionsOf(LaneId lane, long offset) {
    return partitionsOf(image(), lane, offset);
  }

  private static Map<PartitionId, Long> partitionsOf(
      MetadataImage image, LaneId lane, long offset) {
    Map<PartitionId, Long> found = new TreeMap<>();
    for (Topic topic : image.topics()) {
      for (int i = 0; i < topic.partitionCount(); i++) {
        if (topic.partitions().get(i).current().lane().equals(lane)) {
          found.put(new PartitionId(topic.id(), i), offset);
        }
      }
    }
    return found;
  }

  /** Each broker says that it lives, and is told how far the others are acknowledged. */
  private void heartbeats() {
    RaftMetadata asked = metadata();
    int rounds = 20;
    long begin = System.nanoTime();
    for (int round = 0; round < rounds; round++) {
      List<CompletableFuture<?>> sent = new ArrayList<>();
      for (int i = 0; i < brokers; i++) {
        sent.add(
            asked.heartbeat(
                new Heartbeat(
                    i,
                    brokerEpochs.get(i),
                    false,
                    new LaneReport(laneOf(i), 1, 1 << 20, 1 << 20))));
      }
      sent.forEach(CompletableFuture::join);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf(
        "heartbeats: %.0f a second over one connection%n", rounds * brokers / seconds);
  }

  /** A retention pass of one broker. */
  private void raiseLogStarts() {
    LaneId lane = laneOf(1);
    Map<PartitionId, Long> starts = partitionsOf(lane, 1000);
    RaiseLogStarts command = new RaiseLogStarts(starts);
    long begin = System.nanoTime();
    submit(command);
    took(
        "RaiseLogStarts of one broker's "
            + starts.size()
            + " partitions ("
            + CommandLayout.encode(command).length / 1024
            + " KB)",
        begin);
  }

  private static List<MovePartitions.Move> moves(MetadataImage image, Map<PartitionId, Long> ends) {
    List<MovePartitions.Move> moves = new ArrayList<>();
    ends.forEach(
        (id, end) -> {
          Partition partition = image.partition(id);
          moves.add(
              new MovePartitions.Move(id, partition.leaderEpoch(), end, MovePartitions.ANY_BROKER));
        });
    return moves;
  }

  /** A broker that stops hands its partitions over. */
  private void handOver() {
    LaneId lane = laneOf(2);
    List<MovePartitions.Move> moves = moves(image(), partitionsOf(lane, 1_000_000));
    long begin = System.nanoTime();
    int commands = 0;
    for (int from = 0; from < moves.size(); from += MOVED_TOGETHER) {
      submit(
          new MovePartitions(
              lane, 1, moves.subList(from, Math.min(moves.size(), from + MOVED_TOGETHER))));
      commands++;
    }
    took(
        "MovePartitions of a broker's " + moves.size() + " partitions in " + commands + " commands",
        begin);
  }

  /** A broker has died: its lane is granted to another, and its partitions to all. */
  private void failOver() {
    LaneId lane = laneOf(3);
    Map<PartitionId, Long> ends = partitionsOf(lane, 1_000_000);
    long begin = System.nanoTime();
    long epoch = submit(new SealLane(lane, 1, 0, brokerEpochs.get(0)));
    took("SealLane", begin);
    LaneSealed sealed = new LaneSealed(lane, epoch, ends);
    begin = System.nanoTime();
    submit(sealed);
    took(
        "LaneSealed with "
            + ends.size()
            + " partitions ("
            + CommandLayout.encode(sealed).length / 1024
            + " KB), committed, exported and shown",
        begin);
  }

  private void restart() throws IOException {
    int follower = voters.indexOf(metadata());
    long begin = System.nanoTime();
    voters.get(follower).close();
    took("a voter is closed", begin);
    begin = System.nanoTime();
    voters.set(follower, open(follower));
    took("and starts again", begin);
  }

  private static long heapMb() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
  }

  private static long bytesOf(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }

  private static void took(String what, long begin) {
    System.out.printf("%s: %.1f ms%n", what, (System.nanoTime() - begin) / 1e6);
  }
}
