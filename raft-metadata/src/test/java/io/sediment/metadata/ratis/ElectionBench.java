package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.FreePorts;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Measures how long three members, each a process of its own, commit nothing when one of the others
 * goes, the leader or not, just after a follower has come back; and how long each takes from its
 * start to its first command.
 *
 * <p>Arguments: rounds, for how many ms the follower is away, {@code close} or {@code kill}, lease
 * in ms. What {@code logback.configurationFile} says holds for the members, too, whose logs are in
 * {@code target/election-bench…}.
 */
public final class ElectionBench {
  private static final String READY = "ready";
  private static final String LEADS = "leads";
  private static final String PROBE = "probe";
  private static final String GAP = "gap";
  private static final String CLOSE = "close";

  private ElectionBench() {}

  public static void main(String[] args) throws Exception {
    if (args[0].equals("member")) {
      new Member(Arrays.copyOfRange(args, 1, args.length)).run();
    } else {
      Group group =
          new Group(
              Files.createTempDirectory(Path.of("target"), "election-bench").toAbsolutePath(),
              Integer.parseInt(args[3]));
      group.run(Integer.parseInt(args[0]), Integer.parseInt(args[1]), args[2].equals("kill"));
    }
  }

  /** Does as it is told line by line. */
  private static final class Member {
    private final PrintStream answers = System.out;
    private final int broker;
    private final Path folder;
    private final Duration lease;
    private final Map<Integer, HostPort> peers = new TreeMap<>();
    private volatile boolean probing;
    private long gapNanosMax; // guarded by this
    private long completed; // guarded by this

    Member(String[] args) {
      System.setOut(System.err); // where logs go
      this.broker = Integer.parseInt(args[0]);
      this.folder = Path.of(args[1]);
      this.lease = Duration.ofMillis(Long.parseLong(args[2]));
      for (int i = 3; i < args.length; i++) {
        peers.put(i - 3, new HostPort("127.0.0.1", Integer.parseInt(args[i])));
      }
    }

    void run() throws IOException {
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      ExecutorService threads = Executors.newFixedThreadPool(2);
      try (ThreadPoolScheduler scheduler = new ThreadPoolScheduler("bench", 2);
          ObjectStore store =
              LocalObjectStore.open(
                  folder.resolve("bucket"),
                  new LocalObjectStore.Executors(threads, threads, threads),
                  SystemPorts.random());
          RaftMetadata metadata =
              RaftMetadata.open(
                  MetadataConfig.ofOneBroker(
                          broker, peers.get(broker), folder.resolve(Integer.toString(broker)))
                      .withPeers(peers)
                      .withLease(lease),
                  store,
                  scheduler,
                  SystemPorts.ticker(),
                  SystemPorts.secureRandom(),
                  (lane, incarnation, epoch) ->
                      CompletableFuture.failedFuture(new IllegalStateException()))) {
        write(metadata);
        answers.println(READY);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          switch (line) {
            case LEADS -> answers.println(metadata.leads());
            case PROBE -> probe(metadata);
            case GAP -> answers.println(gapMs());
            case CLOSE -> {
              return;
            }
            default -> throw new IllegalArgumentException(line);
          }
        }
      } finally {
        threads.shutdown();
      }
    }

    private static void write(RaftMetadata metadata) {
      metadata.submit(new SetFeatureLevels(Map.of("f", 1))).join();
    }

    private void probe(RaftMetadata metadata) {
      write(metadata);
      synchronized (this) {
        gapNanosMax = 0;
        completed = 0;
      }
      probing = true;
      Thread prober =
          new Thread(
              () -> {
                while (probing) {
                  long start = System.nanoTime();
                  write(metadata);
                  synchronized (this) {
                    gapNanosMax = Math.max(gapNanosMax, System.nanoTime() - start);
                    completed++;
                    notifyAll();
                  }
                }
              },
              "prober");
      prober.setDaemon(true);
      prober.start();
      answers.println(PROBE);
    }

    /** The longest that a command took until one was done that was sent after this call. */
    private synchronized long gapMs() {
      long until = completed + 2;
      try {
        while (completed < until) {
          wait();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      probing = false;
      return TimeUnit.NANOSECONDS.toMillis(gapNanosMax);
    }
  }

  /** A member as its parent sees it. */
  private record Child(Process process, PrintStream to, BufferedReader from) {
    String ask(String line) throws IOException {
      to.println(line);
      to.flush();
      String answer = from.readLine();
      if (answer == null) {
        throw new IOException("ended, asked " + line);
      }
      return answer;
    }
  }

  private static final class Group {
    private final Path folder;
    private final int leaseMs;
    private final Random random = new Random(1);
    private final List<Integer> ports = new ArrayList<>();
    private final Child[] children = new Child[3];
    private final List<Long> ready = new ArrayList<>();
    private final List<Long> gaps = new ArrayList<>();

    Group(Path folder, int leaseMs) throws IOException {
      this.folder = folder;
      this.leaseMs = leaseMs;
      FreePorts free = new FreePorts();
      for (int i = 0; i < children.length; i++) {
        ports.add(free.take());
      }
    }

    private void run(int rounds, int awayMs, boolean kill) throws Exception {
      try {
        for (int member = 0; member < children.length; member++) {
          children[member] = launch(member);
        }
        for (Child child : children) {
          child.from().readLine();
        }
        for (int round = 0; round < rounds; round++) {
          round(awayMs, kill);
        }
      } finally {
        for (Child child : children) {
          child.process().destroyForcibly();
        }
      }
      print("from start to first command", ready);
      print("longest without a commit", gaps);
    }

    private void round(int awayMs, boolean kill) throws Exception {
      int leader = leader();
      int away = (leader + 1 + random.nextInt(2)) % 3;
      int leaves = random.nextBoolean() ? leader : 3 - leader - away;
      int stays = 3 - leaves - away;
      stop(away, kill);
      TimeUnit.MILLISECONDS.sleep(awayMs);
      long back = start(away);
      children[stays].ask(PROBE);
      stop(leaves, kill);
      long gap = Long.parseLong(children[stays].ask(GAP));
      gaps.add(gap);
      System.out.printf(
          "%d back in %d ms, %d left (%s) %d ms without a commit, back in %d ms%n",
          away, back, leaves, leaves == leader ? "led" : "followed", gap, start(leaves));
    }

    private int leader() throws IOException, InterruptedException {
      while (true) {
        for (int member = 0; member < children.length; member++) {
          if (children[member].ask(LEADS).equals("true")) {
            return member;
          }
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
    }

    private void stop(int member, boolean kill) throws InterruptedException {
      Child child = children[member];
      if (kill) {
        child.process().destroyForcibly();
      } else {
        child.to().println(CLOSE);
        child.to().flush();
      }
      child.process().waitFor();
    }

    private long start(int member) throws IOException {
      long start = System.nanoTime();
      children[member] = launch(member);
      if (children[member].from().readLine() == null) {
        throw new IOException("did not start: " + member);
      }
      long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      ready.add(ms);
      return ms;
    }

    private Child launch(int member) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"));
      command.add(System.getProperty("java.class.path"));
      String log = System.getProperty("logback.configurationFile");
      if (log != null) {
        command.add(1, "-Dlogback.configurationFile=" + log);
      }
      command.add(ElectionBench.class.getName());
      command.addAll(
          List.of(
              "member", Integer.toString(member), folder.toString(), Integer.toString(leaseMs)));
      ports.forEach(port -> command.add(Integer.toString(port)));
      Process process =
          new ProcessBuilder(command)
              .redirectError(
                  ProcessBuilder.Redirect.appendTo(folder.resolve(member + ".log").toFile()))
              .start();
      return new Child(
          process,
          new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8),
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
    }

    private static void print(String what, List<Long> ms) {
      List<Long> sorted = ms.stream().sorted().toList();
      System.out.printf(
          "%s: %d, median %d ms, p90 %d ms, longest %d ms, longer than 3 s: %d%n",
          what,
          sorted.size(),
          sorted.get(sorted.size() / 2),
          sorted.get(sorted.size() * 9 / 10),
          sorted.get(sorted.size() - 1),
          sorted.stream().filter(one -> one > 3000).count());
    }
  }
}
