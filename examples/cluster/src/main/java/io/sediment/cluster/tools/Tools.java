package io.sediment.cluster.tools;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.SystemPorts;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code sediment} command line. */
public final class Tools {
  /** All is well. */
  public static final int EXIT_CLEAN = 0;

  /** Something stored is damaged. */
  public static final int EXIT_DAMAGED = 1;

  /** It cannot be done as it was asked. */
  public static final int EXIT_USAGE = 2;

  /** The store failed, or we did: nobody knows. */
  public static final int EXIT_UNKNOWN = 3;

  private Tools() {}

  @Command(
      name = "sediment",
      description =
          "Looks at the bucket of a cluster and changes nothing. The broker's environment variables"
              + " (OBJECT_STORE_TYPE, DATA_PATH, S3_BUCKET …) say where it is.",
      mixinStandardHelpOptions = true,
      version = "sediment 0.1.0",
      synopsisSubcommandLabel = "COMMAND",
      exitCodeListHeading = "Exit status:%n",
      exitCodeList = {
        "0:done, and nothing is damaged",
        "1:something stored is damaged",
        "2:it cannot be done as it was asked",
        "3:the store failed, so nobody knows"
      })
  private static final class Root {}

  @Command(mixinStandardHelpOptions = true)
  private static final class Group {}

  /**
   * Runs one command on the caller's thread, and returns the exit status.
   *
   * @param out for what was asked, and nothing else
   * @param err for progress and complaints
   */
  public static int run(String[] arguments, BucketSource source, PrintStream out, PrintStream err) {
    ToolContext context =
        new ToolContext(source, out, err, SystemPorts.ticker(), SystemPorts.wallClock());
    int status =
        commandLine(context)
            .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
            .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, err))
            .execute(arguments);
    out.flush();
    return status;
  }

  static CommandLine commandLine(ToolContext context) {
    return new CommandLine(new Root())
        .addSubcommand(new FsckCommand(context))
        .addSubcommand(
            "store", group("The store itself.").addSubcommand(new StoreCommand.Probe(context)))
        .addSubcommand(new LaneCommand(context))
        .addSubcommand(new ManifestCommand(context))
        .addSubcommand(
            "wal",
            group("The objects of a lane's write-ahead log.")
                .addSubcommand(new WalCommand.Listing(context))
                .addSubcommand(new WalCommand.Dump(context))
                .addSubcommand(new WalCommand.Verify(context)))
        .addSubcommand(
            "object",
            group("Single objects.")
                .addSubcommand(new ObjectCommand.Dump(context))
                .addSubcommand(new ObjectCommand.Verify(context)))
        .addSubcommand(
            "partition",
            group("One partition, over all its lanes.")
                .addSubcommand(new PartitionCommand.Locate(context))
                .addSubcommand(new PartitionCommand.Scan(context)))
        .addSubcommand("gc", group("What can go.").addSubcommand(new GcCommand.Plan(context)))
        .addSubcommand(
            "compact",
            group("What can be clustered.").addSubcommand(new CompactCommand.Plan(context)))
        .addSubcommand(new CostCommand(context));
  }

  private static CommandLine group(String description) {
    CommandLine group = new CommandLine(new Group());
    group.getCommandSpec().usageMessage().description(description);
    return group;
  }

  private static int report(Exception failure, PrintStream err) {
    if (failure instanceof UsageException) {
      err.println("sediment: " + failure.getMessage());
      return EXIT_USAGE;
    }
    if (failure instanceof CorruptObjectException || failure instanceof CorruptMetadataException) {
      err.println("sediment: damaged: " + failure.getMessage());
      return EXIT_DAMAGED;
    }
    if (failure instanceof ObjectStoreException) {
      err.println("sediment: the store failed: " + failure.getMessage());
      return EXIT_UNKNOWN;
    }
    failure.printStackTrace(err);
    return EXIT_UNKNOWN;
  }
}
