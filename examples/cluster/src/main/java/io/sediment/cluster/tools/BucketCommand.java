package io.sediment.cluster.tools;

import io.sediment.runtime.ThreadPoolScheduler;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** A command that looks at the bucket. */
abstract class BucketCommand implements Callable<Integer> {
  private final ToolContext context;

  @Option(names = "--json", description = "One JSON object a line.")
  private boolean json;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Say what this does.")
  private boolean help;

  BucketCommand(ToolContext context) {
    this.context = context;
  }

  ToolContext context() {
    return context;
  }

  /** Answers; returns the exit status. */
  abstract int run(BucketView bucket, Output out);

  @Override
  public final Integer call() {
    try (ThreadPoolScheduler scheduler = new ThreadPoolScheduler("sediment", 2);
        BucketSource.Opened opened = context.source().open(scheduler)) {
      BucketView bucket = new BucketView(opened, scheduler);
      return run(bucket, new Output(context.out(), json));
    }
  }
}
