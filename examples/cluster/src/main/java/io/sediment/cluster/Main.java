package io.sediment.cluster;

import io.sediment.cluster.tools.Tools;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.bucket.FencedMetadataException;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.EdgeOfTheProcess;
import io.sediment.runtime.Failures;
import java.io.PrintStream;
import java.net.BindException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Starts one broker from its environment variables, or a compactor, and turns what ends it into one
 * line and an exit status; or runs one of the {@link Tools}, if the arguments name one.
 */
@EdgeOfTheProcess
public final class Main {
  private static final Logger log = LoggerFactory.getLogger(Main.class);

  static final int EXIT_FAILED = 1;
  static final int EXIT_INVALID_SETTING = 2;
  static final int EXIT_DATA_IN_USE = 3;

  private Main() {}

  private interface Starter {
    Service start(BrokerSettings settings) throws Exception;
  }

  public static void main(String[] args) {
    joinLogs();
    int status;
    if (args.length == 0) {
      status = run(Broker::start);
    } else if (args.length == 1 && args[0].equals("compactor")) {
      status = run(CompactorProcess::start);
    } else {
      status = runTool(args);
    }
    if (status != 0) {
      System.exit(status);
    }
  }

  /** What gRPC logs, which comes with Ratis, goes where everything else does. */
  private static void joinLogs() {
    java.util.logging.Logger root = java.util.logging.Logger.getLogger("");
    root.setLevel(java.util.logging.Level.WARNING); // what is below does not even get to the bridge
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  /** What libraries log must not get between the lines that were asked for. */
  private static int runTool(String[] args) {
    PrintStream out = System.out;
    System.setOut(System.err);
    return Tools.run(args, new SettingsBucket(System.getenv()), out, System.err);
  }

  private static int run(Starter starter) {
    AtomicReference<@Nullable Service> running = new AtomicReference<>();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(running), "shutdown"));
    while (true) {
      Throwable end;
      try {
        end = runOnce(starter, running);
      } catch (Exception e) {
        end = e;
      }
      if (end == null) {
        return 0;
      }
      if (!(end instanceof LaneLostException)) {
        return report(end);
      }
      log.warn("{}; starting again", end.getMessage());
    }
  }

  /** Until the service is stopped (null) or cannot go on (why). */
  private static @Nullable Throwable runOnce(
      Starter starter, AtomicReference<@Nullable Service> running) throws Exception {
    Service service = starter.start(BrokerSettings.from(System.getenv()));
    running.set(service);
    Throwable end = service.awaitEnd();
    if (end != null && running.compareAndSet(service, null)) {
      service.close();
    }
    return end;
  }

  /**
   * Ends in order with status 0, which the JVM by itself would not give a process that was sent
   * SIGTERM.
   */
  private static void stop(AtomicReference<@Nullable Service> running) {
    Service service = running.getAndSet(null);
    if (service != null) {
      service.close();
      log.info("stopped");
      Runtime.getRuntime().halt(0);
    }
  }

  /** One line for the operator, and the exit status. */
  private static int report(Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    int status = exitStatus(cause);
    if (status == EXIT_FAILED
        && !(cause instanceof ObjectStoreException || cause instanceof BindException)) {
      log.error("failed", cause);
    } else {
      log.error("{}", cause.getMessage());
    }
    return status;
  }

  static int exitStatus(Throwable cause) {
    if (cause instanceof InvalidSettingException
        || cause instanceof MetadataUnavailableException) { // RAFT_PEERS, and nobody is there
      return EXIT_INVALID_SETTING;
    }
    if (cause instanceof RefusedStartException refused) {
      return refused.exitStatus();
    }
    boolean takenOver =
        cause instanceof TakenOverException
            || cause instanceof FencedMetadataException
            || cause instanceof LaneFencedException;
    return takenOver ? EXIT_DATA_IN_USE : EXIT_FAILED;
  }
}
